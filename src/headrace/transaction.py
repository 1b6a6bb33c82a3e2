"""The unit of work: state, events and jobs written together, flushed last, committed once."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from headrace.clock import Clock
from headrace.db.connection import Connection, Row
from headrace.db.errors import FAILED_TRANSACTION
from headrace.errors import ConfigurationError, TransactionClosedError
from headrace.events import store as event_store
from headrace.events.event import ANY, NewEvent, StoredEvent, Stream
from headrace.events.prepare import prepare as prepare_event
from headrace.events.schema import EventRegistry
from headrace.jobs import store as job_store
from headrace.jobs.enqueue import prepare as prepare_job
from headrace.jobs.group import Call, Group
from headrace.jobs.handle import Job
from headrace.jobs.job import Enqueued, NewJob, ResultSource, Unique
from headrace.jobs.registry import Registry

RunSyncHandlers = Callable[["Transaction", Sequence[StoredEvent]], Awaitable[None]]

_MOST_ROUNDS = 50


class Transaction:
    """One open transaction to write state, events and jobs in.

    Jobs and events are kept back and flushed as the last statements before COMMIT: jobs first, then
    events, so that the time between drawing a position and committing is short, then the events'
    `sync` handlers, whose own jobs and events are flushed in turn. `result` is what
    `Job.transaction` completes its job with; `stored` holds the jobs written, where `keeps_stored`
    asks for it, `followed` the events appended, where a middleware follows commits. `has_later_jobs` are those
    of which only workers that seldom look need to be told. `is_touched` tells
    that somebody has had the connection, and may have changed its session.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        kinds: Registry,
        events: EventRegistry,
        source: str,
        clock: Clock,
        run_sync_handlers: RunSyncHandlers,
        keeps_stored: bool = False,
        results: ResultSource | None = None,
    ) -> None:
        self.stored: list[NewJob] = []
        self.appended: list[NewEvent] = []
        self.followed: list[StoredEvent] = []
        self.result: Any = None
        self.has_jobs = False
        self.has_later_jobs = False
        self.has_events = False
        self.has_results = False
        self.last_position: int | None = None
        self.is_touched = False
        self._connection = connection
        self._kinds = kinds
        self._event_types = events
        self._source = source
        self._clock = clock
        self._run_sync_handlers = run_sync_handlers
        self._keeps_stored = keeps_stored
        self._results = results
        self._jobs: list[NewJob] = []
        self._events: list[NewEvent] = []
        self._is_open = True
        self._is_sound = True

    @property
    def connection(self) -> Connection:
        """The connection the transaction is open on, for statements of one's own."""
        self._require_open()
        self._is_sound = False
        self.is_touched = True
        return self._connection

    @property
    def own_connection(self) -> Connection:
        """The same for the engine's own statements: who runs them has not touched it."""
        self._require_open()
        return self._connection

    async def execute(self, query: str, *args: Any) -> str:
        """Runs a statement and returns its status tag."""
        return await self.connection.execute(query, *args)

    async def fetch(self, query: str, *args: Any) -> list[Row]:
        """Runs a statement and returns its rows."""
        return await self.connection.fetch(query, *args)

    async def fetchrow(self, query: str, *args: Any) -> Row | None:
        """Runs a statement and returns its first row, or None."""
        return await self.connection.fetchrow(query, *args)

    async def fetchval(self, query: str, *args: Any) -> Any:
        """Runs a statement and returns the first field of its first row, or None."""
        return await self.connection.fetchval(query, *args)

    async def enqueue(
        self,
        kind: str,
        args: Any = None,
        *,
        parent: Job | UUID | None = None,
        unique: Unique | None = None,
        **options: Any,
    ) -> Enqueued:
        """Enqueues a job that exists if and only if this transaction commits.

        `options` are those of `Headrace.enqueue`. A job with `unique` is written at once, since the
        answer tells whether it is new; the others are kept back to the end. Raises UnknownKindError,
        InvalidArgsError, ConfigurationError, and TransactionClosedError after the end.
        """
        uniques = None if unique is None else [unique]
        return (await self.enqueue_many(kind, [args], parent=parent, uniques=uniques, **options))[0]

    async def enqueue_many(
        self,
        kind: str,
        args: Sequence[Any],
        *,
        parent: Job | UUID | None = None,
        uniques: Sequence[Unique] | None = None,
        **options: Any,
    ) -> list[Enqueued]:
        """Enqueues one job for each of `args` with the same options; `uniques` has one key for each."""
        self._require_open()
        known = self._kinds.get(kind)
        if uniques is None:
            return await self.add([prepare_job(known, one, parent=parent, **options) for one in args])
        if len(args) != len(uniques):
            raise ConfigurationError(
                f"uniques must have one key for each of args, got {len(args)} args and {len(uniques)} uniques"
            )
        return await self.add(
            [
                prepare_job(known, one, parent=parent, unique=unique, **options)
                for one, unique in zip(args, uniques, strict=True)
            ]
        )

    async def add(self, jobs: Sequence[NewJob]) -> list[Enqueued]:
        """Enqueues jobs that are prepared already: all at once if one is unique, else kept back to the end."""
        self._require_open()
        if any(job.unique is not None for job in jobs):
            # Those kept back first: one of these may depend on one of them.
            kept, self._jobs = self._jobs, []
            stored = await job_store.insert_jobs(self._connection, [*kept, *jobs], now=self._clock.override())
            answer = stored[len(kept) :]
            self.mark_sound()
            self._keep(job for job, given in zip(jobs, answer, strict=True) if given.id == job.id)
        else:
            self._jobs += jobs
            answer = [Enqueued(job.id) for job in jobs]
        for job in jobs:
            if job.is_for_later:
                self.has_later_jobs = True
            else:
                self.has_jobs = True
        return answer if self._results is None else [one.of(self._results) for one in answer]

    def group(
        self,
        *,
        on_complete: Call | str | None = None,
        on_failure: Call | str | None = None,
        parent: Job | UUID | None = None,
    ) -> Group:
        """A block that gathers jobs, and enqueues others to follow when they have ended; see `Group`."""
        return Group(self, on_complete=on_complete, on_failure=on_failure, parent=parent)

    async def append(
        self,
        event: object,
        *,
        stream: Stream | None = None,
        expected: int = ANY,
        occurred_at: datetime | None = None,
        event_id: UUID | None = None,
    ) -> UUID:
        """Appends an event that exists if and only if this transaction commits; returns its id.

        An `event_id` of your own makes a repeated append add nothing. `expected` and `event_id` are
        checked when the transaction flushes, at the latest at its end: WrongVersionError and
        EventIdTakenError then abort it. Raises UnknownEventError, InvalidEventError, and
        TransactionClosedError.
        """
        self._require_open()
        new = prepare_event(
            self._event_types,
            event,
            source=self._source,
            stream=stream,
            expected=expected,
            occurred_at=occurred_at,
            event_id=event_id,
            clock=self._clock,
        )
        self.add_event(new)
        return new.id

    def add_event(self, event: NewEvent) -> None:
        """Keeps back an event that is prepared already."""
        self._require_open()
        self._events.append(event)
        self.has_events = True

    @asynccontextmanager
    async def savepoint(self) -> AsyncGenerator[None]:
        """A savepoint for a block: an exception undoes what was written, enqueued and appended inside it."""
        before = list(self._jobs), list(self._events), list(self.stored), list(self.appended), list(self.followed)
        try:
            async with self.connection.transaction():
                yield
        except BaseException:
            self._jobs, self._events, self.stored, self.appended, self.followed = before
            raise

    async def flush(self) -> None:
        """Writes what was kept back, and runs the `sync` handlers of its events."""
        for _ in range(_MOST_ROUNDS):
            if not self._jobs and not self._events:
                return
            jobs, self._jobs = self._jobs, []
            events, self._events = self._events, []
            if jobs:
                await job_store.insert_jobs(self._connection, jobs, now=self._clock.override())
                self.mark_sound()
                self._keep(jobs)
            if events:
                await self._append(events)
        raise TransactionClosedError(
            f"sync handlers still make events after {_MOST_ROUNDS} rounds; "
            "break the cycle, or give one of the handlers mode='job'"
        )

    def mark_sound(self) -> None:
        """Notes that a statement has just succeeded, so that COMMIT is going to commit."""
        self._is_sound = True

    async def require_sound(self) -> None:
        """Raises TransactionClosedError where COMMIT would roll back, since a statement failed and was caught."""
        if self._is_sound:
            return
        try:
            await self._connection.execute("SELECT")
        except FAILED_TRANSACTION as error:
            raise TransactionClosedError(
                "a statement of the transaction failed and its error was caught, so all of it is rolled back; "
                "let the error pass, or wrap what may fail in `async with tx.savepoint():`"
            ) from error

    def end(self) -> None:
        """Refuses everything from here on."""
        self._is_open = False

    async def _append(self, events: Sequence[NewEvent]) -> None:
        appended = await event_store.append(self._connection, events)
        self.mark_sound()
        self.last_position = max(place.position for place in appended)
        new = [(event, place) for event, place in zip(events, appended, strict=True) if place.is_new]
        if self._keeps_stored:
            self.appended.extend(event for event, _ in new)
        now = self._clock.now()
        fresh = [event.stored(place._replace(recorded_at=now)) for event, place in new]
        if self._event_types.middleware.follows_commits:
            self.followed += fresh
        await self._run_sync_handlers(self, fresh)

    def _keep(self, jobs: Iterable[NewJob]) -> None:
        if self._keeps_stored:
            self.stored.extend(jobs)

    def _require_open(self) -> None:
        if not self._is_open:
            raise TransactionClosedError(
                "the transaction has ended; write inside its `async with app.transaction() as tx:` block"
            )
