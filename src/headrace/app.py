"""`Headrace`, the composition root: registers kinds, events and handlers; opens and closes everything in order."""

import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Self, TypeVar
from uuid import UUID

from headrace.adapters.asyncpg import CommitWatch, borrow
from headrace.bridge import PROCESS_EVENT, On, ProcessEvent, Reactions, require_known
from headrace.clock import Clock, SystemClock
from headrace.db.address import database_address
from headrace.db.listener import EVENTS_CHANNEL, JOBS_CHANNEL
from headrace.db.migrate import ENGINE, MigrationSet, migrate, require_current
from headrace.db.notifier import Notifier
from headrace.db.pool import ConnectionPool
from headrace.errors import ConfigurationError
from headrace.events.bus import Bus, Mode, OnError, type_names
from headrace.events.event import ANY, StoredEvent, Stream
from headrace.events.read import read
from headrace.events.schema import EventRegistry
from headrace.events.subscription import Start
from headrace.jobs.enqueue import DependsOn
from headrace.jobs.flow import Flow
from headrace.jobs.handle import Job
from headrace.jobs.job import Enqueued, OnFailed, Priority, Unique
from headrace.jobs.registry import Handler, Registry, describe
from headrace.jobs.retry import RetryPolicy
from headrace.jobs.worker import WorkerOptions
from headrace.process import Process
from headrace.telemetry import Telemetry
from headrace.telemetry.logs import log_record
from headrace.transaction import Transaction

H = TypeVar("H", bound=Handler)


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


class Headrace:
    """An application: its job kinds, its events and handlers, and its way to the database.

    `dsn` None takes HEADRACE_DATABASE_URL, and where that is unset an embedded PostgreSQL in
    `./.headrace`. `migrations` are the application's own, applied after the engine's. Register
    everything, then use it inside `async with app:`.

        app = Headrace(name="shop")

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
        migrations: Sequence[MigrationSet] = (),
        pool_size: int = 10,
        clock: Clock | None = None,
        telemetry: Telemetry | None = None,
        say: Callable[[str], None] = _say,
    ) -> None:
        self.name = name
        self.migrations: tuple[MigrationSet, ...] = (ENGINE, *migrations)
        self.clock: Clock = clock or SystemClock()
        self.telemetry = telemetry or Telemetry(log_record)
        self.kinds = Registry()
        self.events = EventRegistry()
        self.handlers = Bus()
        self._dsn = dsn
        self._pool_size = pool_size
        self._say = say
        self._pool: ConnectionPool | None = None
        self._notifier: Notifier | None = None
        self._exits = AsyncExitStack()
        self._watch = CommitWatch(self.notify)
        self._reactions = Reactions(self.handlers, self.events, telemetry=self.telemetry)
        self.kinds.add(describe(PROCESS_EVENT, self._process_event, job_type=Job, queue="events"))

    # Registering

    def job(
        self,
        kind: str,
        *,
        queue: str = "default",
        priority: Priority | str = Priority.NORMAL,
        max_attempts: int = 3,
        retry: RetryPolicy | None = None,
        timeout: timedelta | None = None,
    ) -> Callable[[H], H]:
        """Registers the handler of a job kind; see `headrace.jobs.registry.describe` for its signature."""

        def register(handler: H) -> H:
            self.kinds.add(
                describe(
                    kind,
                    handler,
                    job_type=Job,
                    queue=queue,
                    priority=priority,
                    max_attempts=max_attempts,
                    retry=retry,
                    timeout=timeout,
                )
            )
            return handler

        return register

    def declare(self, kind: str, *, args_type: Any = None, queue: str = "default", max_attempts: int = 3) -> None:
        """Makes a kind known that another program handles, so that it can be enqueued here."""
        self.kinds.add(describe(kind, None, job_type=Job, args_type=args_type, queue=queue, max_attempts=max_attempts))

    def register(self, *classes: type) -> None:
        """Makes event classes marked with `@event` known."""
        for cls in classes:
            self.events.register(cls)

    def on(
        self,
        *types: type | str,
        name: str | None = None,
        mode: Mode = "job",
        lanes: int = 1,
        batch_size: int = 100,
        start: Start = "beginning",
        on_error: OnError = "raise",
    ) -> On:
        """Registers a handler of events, as a decorator, or jobs for them with `.enqueue(...)`.

        A `sync` handler is called with (event, tx), a `job` handler with (event, job), an `ordered` one
        with (events, tx). The name is what a checkpoint is kept under; by default the function's.
        """
        names = type_names(types)
        require_known(self.events, names)
        return On(
            self.handlers,
            names,
            name=name,
            mode=mode,
            lanes=lanes,
            batch_size=batch_size,
            start=start,
            on_error=on_error,
        )

    # Opening and closing

    def use(self, dsn: str) -> None:
        """Chooses another database, before the app is opened."""
        if self._pool is not None:
            raise ConfigurationError(f"app {self.name!r} is open; choose the database before opening it")
        self._dsn = dsn

    async def open(self, *, migrating: bool | None = True) -> None:
        """Reaches the database. The schema is brought up to date, only checked (False) or left alone (None)."""
        if self._pool is not None:
            raise ConfigurationError(f"app {self.name!r} is open already")
        async with AsyncExitStack() as exits:
            dsn = await exits.enter_async_context(database_address(self._dsn, say=self._say))
            pool = ConnectionPool(dsn, size=self._pool_size, application_name=self.name)
            await pool.open()
            exits.push_async_callback(pool.close)
            async with pool.acquire() as connection:
                if migrating:
                    await migrate(connection, sets=self.migrations)
                elif migrating is False:
                    await require_current(connection, sets=self.migrations)
            notifier = Notifier(pool, telemetry=self.telemetry)
            notifier.start()
            exits.push_async_callback(notifier.stop)
            self._pool, self._notifier = pool, notifier
            self._exits = exits.pop_all()

    async def close(self) -> None:
        """Sends the last wake-ups and closes everything in reverse order."""
        await self._watch.close()
        self._pool = self._notifier = None
        await self._exits.aclose()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def pool(self) -> ConnectionPool:
        """The pool of connections; raises ConfigurationError while the app is closed."""
        if self._pool is None:
            raise ConfigurationError(f"app {self.name!r} is closed; use it inside `async with app:`")
        return self._pool

    # Writing

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Transaction]:
        """One transaction for state, events and jobs; committed at the end of the block, or not at all."""
        async with self.pool.acquire() as connection:
            unit = self._unit(connection)
            try:
                async with connection.transaction():
                    yield unit
                    await unit.flush()
                    await unit.require_sound()
            finally:
                unit.end()
        for channel in _channels(unit):
            self.notify(channel)

    async def enqueue(
        self,
        kind: str,
        args: Any = None,
        *,
        queue: str | None = None,
        priority: Priority | str | None = None,
        max_attempts: int | None = None,
        run_at: datetime | None = None,
        delay: timedelta | None = None,
        parent: Job | UUID | None = None,
        metadata: dict[str, Any] | None = None,
        unique: Unique | None = None,
        depends_on: DependsOn = (),
        on_failed_dependency: OnFailed = "cancel",
        connection: Any = None,
    ) -> Enqueued:
        """Enqueues one job, in a transaction of its own or on the caller's open asyncpg `connection`.

        One that `depends_on` others is held until they have ended.

        Raises UnknownKindError, InvalidArgsError, ConfigurationError, TransactionClosedError, and
        JobNotFoundError for a dependency that is not stored.
        """
        options: dict[str, Any] = {
            "queue": queue,
            "priority": priority,
            "max_attempts": max_attempts,
            "run_at": run_at,
            "delay": delay,
            "metadata": metadata,
            "depends_on": depends_on,
            "on_failed_dependency": on_failed_dependency,
        }
        async with self._unit_on(connection) as unit:
            return await unit.enqueue(kind, args, parent=parent, unique=unique, **options)

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
        """Enqueues one job for each of `args`, all or none; `options` as for `enqueue`."""
        async with self._unit_on(connection) as unit:
            return await unit.enqueue_many(kind, args, parent=parent, uniques=uniques, **options)

    def flow(self, *, parent: Job | UUID | None = None) -> Flow:
        """A flow to add jobs to that wait for each other, then to enqueue as one; all children of `parent`."""
        return Flow(self._unit_on, parent=parent)

    async def append(
        self,
        event: object,
        *,
        stream: Stream | None = None,
        expected: int = ANY,
        occurred_at: datetime | None = None,
        connection: Any = None,
    ) -> UUID:
        """Appends one event, in a transaction of its own or on the caller's open asyncpg `connection`.

        Raises UnknownEventError, InvalidEventError, WrongVersionError, TransactionClosedError.
        """
        async with self._unit_on(connection) as unit:
            return await unit.append(event, stream=stream, expected=expected, occurred_at=occurred_at)

    def read(
        self,
        *,
        types: Collection[type | str] | None = None,
        stream: Stream | None = None,
        tenant_id: str | None = None,
        user_id: str | None = None,
        after: int = 0,
        until: int | None = None,
        batch: int = 1000,
    ) -> AsyncIterator[StoredEvent]:
        """The events after a position in order, in bounded memory; see `headrace.events.read.read_batches`."""
        return read(
            self.pool,
            self.events,
            types=None if types is None else type_names(types),
            stream=stream,
            tenant_id=tenant_id,
            user_id=user_id,
            after=after,
            until=until,
            batch=batch,
        )

    # Working

    def process(self, options: WorkerOptions | None = None) -> Process:
        """What a worker process runs: `async with app.process(...):` works until the block ends."""
        return Process(
            self,
            self.pool,
            kinds=self.kinds,
            handlers=self.handlers,
            events=self.events,
            reactions=self._reactions,
            options=options or WorkerOptions(),
            notify=self.notify,
            clock=self.clock,
            telemetry=self.telemetry,
        )

    def notify(self, channel: str) -> None:
        """Sends a wake-up on a channel, soon."""
        if self._notifier is not None:
            self._notifier.notify(channel)

    async def _process_event(self, args: ProcessEvent, job: Job) -> Any:
        return await self._reactions.process(args, job, self.pool)

    def _unit(self, connection: Any) -> Transaction:
        return Transaction(
            connection,
            kinds=self.kinds,
            events=self.events,
            source=self.name,
            clock=self.clock,
            run_sync_handlers=self._reactions.run_sync,
        )

    @asynccontextmanager
    async def _unit_on(self, connection: Any) -> AsyncGenerator[Transaction]:
        if connection is None:
            async with self.transaction() as unit:
                yield unit
            return
        borrowed = borrow(connection)
        unit = self._unit(borrowed)
        yield unit
        await unit.flush()
        unit.end()
        self._watch.add(borrowed, _channels(unit))


def _channels(unit: Transaction) -> list[str]:
    jobs = [JOBS_CHANNEL] if unit.has_jobs else []
    return [*jobs, EVENTS_CHANNEL] if unit.has_events else jobs
