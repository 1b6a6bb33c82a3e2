"""`Headrace`, the composition root: puts everything together, and does what is asked of it."""

from collections.abc import AsyncIterable, Callable, Iterable, Sequence
from typing import Any
from uuid import UUID

from headrace.bridge import PROCESS_EVENT, ProcessEvent
from headrace.cleanup import CLEANUP, Cleaned, cleanup_old_events
from headrace.clock import Clock
from headrace.db.address import say_on_stderr
from headrace.db.errors import DEADLOCKED
from headrace.db.migrate import MigrationSet
from headrace.errors import ConfigurationError
from headrace.events.import_parts import import_in_parts
from headrace.events.importing import import_events
from headrace.events.past import Imported, PastEvent
from headrace.events.retention import EventRetention
from headrace.jobs.flow import Flow
from headrace.jobs.handle import Job
from headrace.jobs.job import Enqueued, JobHandle, Unique
from headrace.jobs.lifecycle import Lifecycle
from headrace.jobs.log_policy import LogPolicy
from headrace.jobs.operations import Operations
from headrace.jobs.queues import Queues
from headrace.jobs.registry import describe
from headrace.jobs.retention import Retention
from headrace.jobs.schedules import Schedules
from headrace.jobs.worker_options import WorkerOptions
from headrace.keyring import KeyService
from headrace.process import Process
from headrace.projections.projections import Projections
from headrace.reading import Reading
from headrace.replay.replays import REPLAY_EVENTS, Replays
from headrace.stepper import Stepper
from headrace.subjects.rebuilding import REBUILD_ERASED, Rebuilding
from headrace.subjects.subjects import Subjects
from headrace.sync import Sync
from headrace.telemetry import Telemetry

_TRIES = 3
"""How often jobs are enqueued that have to give way to others with the same unique keys."""


class Headrace(Reading):
    """An application: its job kinds, its events and handlers, and its way to the database.

    `dsn` None takes HEADRACE_DATABASE_URL, and where that is unset an embedded PostgreSQL in
    `./.headrace`. `direct_dsn` reaches the same database past a pooler, and None takes
    HEADRACE_DIRECT_DATABASE_URL where `dsn` is None too. `secret_keys` keeps the keys of subjects with
    personal data, None takes HEADRACE_SECRET_KEYS. `migrations` are the application's own,
    applied after the engine's. `retention` says how long ended jobs are kept, `event_retention`
    how long events; `lifecycle` what is told of jobs by events. `resets_sessions` False promises
    that your statements leave nothing behind in their sessions, and saves a round trip a transaction.
    Register everything, then use it inside `async with app:`.

        @app.job("send-receipt")
        async def send_receipt(args: Receipt, job: Job) -> None: ...

        async with app, app.transaction() as tx:
            await tx.execute("INSERT INTO orders ...")
            await tx.enqueue("send-receipt", Receipt(order=7))
    """

    def __init__(
        self,
        dsn: str | None = None,
        *,
        name: str = "headrace",
        direct_dsn: str | None = None,
        migrations: Sequence[MigrationSet] = (),
        pool_size: int = 10,
        resets_sessions: bool = True,
        clock: Clock | None = None,
        telemetry: Telemetry | None = None,
        logs: LogPolicy | None = None,
        lifecycle: Lifecycle | None = None,
        retention: Retention | None = None,
        event_retention: EventRetention | None = None,
        secret_keys: KeyService | None = None,
        say: Callable[[str], None] = say_on_stderr,
    ) -> None:
        super().__init__(
            dsn,
            name=name,
            direct_dsn=direct_dsn,
            migrations=migrations,
            pool_size=pool_size,
            resets_sessions=resets_sessions,
            clock=clock,
            telemetry=telemetry,
            logs=logs,
            lifecycle=lifecycle,
            event_retention=event_retention,
            secret_keys=secret_keys,
            say=say,
        )
        self.schedules = Schedules(
            app=name,
            kinds=self.kinds,
            clock=self.clock,
            telemetry=self.telemetry,
            pool=lambda: self.pool,
            notify=self.notify,
        )
        self.schedule = self.schedules.declare
        self.retention = retention or Retention()
        self.projections = Projections(self.declarations, self.events, pool=lambda: self.pool)
        self.queues = Queues(clock=self.clock, telemetry=self.telemetry, pool=lambda: self.pool, notify=self.notify)
        self.operations = Operations(
            clock=self.clock, telemetry=self.telemetry, pool=lambda: self.pool, notify=self.notify
        )
        self.sync = Sync(self._unit, kinds=self.kinds, telemetry=self.telemetry)
        self.kinds.add(describe(PROCESS_EVENT, self._process_event, job_type=Job, queue="events"))
        self.kinds.add(describe(CLEANUP, self._cleanup_old_events, job_type=Job, queue="events"))
        self.subjects = Subjects(
            begin=self.transaction,
            pool=lambda: self.pool,
            handlers=self.handlers,
            declarations=self.declarations,
            service=self.key_service,
            telemetry=self.telemetry,
        )
        rebuilding = Rebuilding(self.declarations, pool=lambda: self.pool)
        self.kinds.add(describe(REBUILD_ERASED, rebuilding.run, job_type=Job, queue="events", max_attempts=10))
        self.replays = Replays(
            begin=self.transaction,
            handlers=self.handlers,
            reactions=self._reactions,
            registry=self.events,
            pool=lambda: self.pool,
            clock=self.clock,
            telemetry=self.telemetry,
        )
        self.kinds.add(describe(REPLAY_EVENTS, self.replays.run, job_type=Job, queue="events", max_attempts=5))

    async def enqueue_many(
        self,
        kind: str,
        args: Sequence[Any],
        *,
        parent: Job | UUID | None = None,
        uniques: Sequence[Unique] | None = None,
        connection: Any = None,
        **options: Any,
    ) -> list[Enqueued]:
        """Enqueues one job for each of `args`, all or none; `options` as for `enqueue`.

        Where that has to give way to others who store the same unique keys, it is done again: in a transaction of its
        own, not in that of a `connection`.
        """
        tries = _TRIES if connection is None else 1
        while True:
            tries -= 1
            try:
                async with self._unit_on(connection) as unit:
                    return await unit.enqueue_many(kind, args, parent=parent, uniques=uniques, **options)
            except DEADLOCKED:
                if not tries:
                    raise

    def handle(self, job_id: UUID) -> JobHandle:
        """A handle of a job known by its id, to wait for its result: `await app.handle(job_id).result()`."""
        return JobHandle(job_id).of(self._results)

    def flow(self, *, parent: Job | UUID | None = None) -> Flow:
        """A flow to add jobs to that wait for each other, then to enqueue as one; all children of `parent`."""
        return Flow(self._unit_on, parent=parent)

    async def import_events(
        self,
        events: Iterable[PastEvent] | AsyncIterable[PastEvent],
        *,
        commit_every: int | None = None,
        on_commit: Callable[[Imported], None] | None = None,
    ) -> Imported:
        """Appends many events, by COPY and in bounded memory, in the order given: all or none, in one transaction.

        Subscriptions get them like all others; `sync` handlers do not run. See
        `headrace.events.importing.import_events` for what is raised.

        With `commit_every` so many at most are committed at a time, 20,000 being a good number: it takes about half as
        long, and readers wait for no more than a part. It may end in the middle, by ImportStoppedError, a crash or
        a cancellation, and what was committed stays. Where every event has an `event_id`, import all of them again:
        what is in is passed over. Without ids nobody can tell what is in but who counted: go on after the last
        `Imported` that `on_commit` was told, or after the error's `event_count`.
        """
        if commit_every is not None:
            return await import_in_parts(
                self.transaction,
                self.events,
                events,
                commit_every=commit_every,
                source=self.name,
                clock=self.clock,
                on_commit=on_commit,
            )
        if on_commit is not None:
            raise ConfigurationError("on_commit needs commit_every; without it there is one commit, at the end")
        async with self.transaction() as unit:
            imported = await import_events(unit.connection, self.events, events, source=self.name, clock=self.clock)
            unit.has_events = imported.event_count > 0
        return imported

    def process(self, options: WorkerOptions | None = None) -> Process:
        """What a worker process runs: `async with app.process(...):` works until the block ends."""
        return Process(
            self,
            self.pool,
            kinds=self.kinds,
            handlers=self.handlers,
            declarations=self.declarations,
            events=self.events,
            reactions=self._reactions,
            schedules=self.schedules,
            options=options or WorkerOptions(),
            retention=self.retention,
            event_retention=self.event_retention,
            notify=self.notify,
            listener=self.listener,
            broadcaster=self.broadcaster,
            clock=self.clock,
            telemetry=self.telemetry,
        )

    async def close(self) -> None:
        """Interrupts operations that go on in the background, sends the last wake-ups and closes everything."""
        await self.operations.stop()
        await super().close()

    def stepper(self, *, telemetry: Telemetry | None = None) -> Stepper:
        """What a test runs instead of a process: one job or one round of events at a time, when it is told to."""
        return Stepper(self, reactions=self._reactions, telemetry=telemetry or self.telemetry)

    async def _process_event(self, args: ProcessEvent, job: Job) -> Any:
        return await self._reactions.process(args, job, self.pool)

    async def _cleanup_old_events(self) -> Cleaned:
        return await cleanup_old_events(self.pool, self.event_retention, clock=self.clock, telemetry=self.telemetry)
