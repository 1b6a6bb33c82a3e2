"""The job as its handler sees it."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

import msgspec

from headrace.context import Context
from headrace.db.connection import Connection
from headrace.jobs.dependencies import DependencyResult, list_dependencies, tally_dependencies
from headrace.jobs.enqueue import DependsOn, require_name
from headrace.jobs.interruption import Interrupted, Interruption
from headrace.jobs.job import Claim, Enqueued, OnFailed, Priority, State, Unique
from headrace.jobs.job_log import JobLog
from headrace.jobs.log_capture import JobLogger
from headrace.jobs.outcome import storable
from headrace.jobs.schedule import Tick, tick_of
from headrace.jobs.steps import run_step

_MOST_STEPS = 10**15
_MESSAGE_LIMIT = 1_000


class JobTransaction(Protocol):
    """What `job.transaction()` yields: the unit of work, and the result to complete the job with."""

    result: Any


class JobServices(Protocol):
    """What a running job may ask of its worker."""

    def transaction(self, job: "Job") -> AbstractAsyncContextManager[Any]: ...
    def connection(self) -> AbstractAsyncContextManager[Connection]: ...
    async def enqueue(self, kind: str, args: Any, **options: Any) -> Enqueued: ...
    async def in_thread(self, function: Callable[..., Any], *args: Any) -> Any: ...
    def report(self, job: "Job") -> None: ...
    def open_log(self, job: "Job") -> JobLog: ...


class Job(msgspec.Struct, eq=False):
    """One attempt at a job, handed to its handler.

    `attempt` counts from 1, `metadata` is what was given at enqueueing, `started` a reading of
    `time.perf_counter` as the attempt began. `is_settled` turns True when
    `transaction()` has committed the job's completion together with the handler's writes.
    """

    id: UUID
    kind: str
    queue: str
    priority: Priority
    attempt: int
    max_attempts: int
    run_at: datetime
    parent_id: UUID | None
    context: Context
    claim: Claim
    services: JobServices
    started: float
    metadata: dict[str, Any] | None = None
    done: int | None = None
    total: int | None = None
    message: str | None = None
    is_settled: bool = False
    interruption: Interruption | None = None
    kept: JobLog | None = None
    step_names: set[str] = msgspec.field(default_factory=set[str])

    @property
    def log(self) -> JobLogger:
        """A logger whose records are kept with this attempt, as are those of any logger used in its context.

        It keeps them whatever `logging` is set to, from the level of the kind's `LogPolicy` on.
        """
        return JobLogger(self)

    @property
    def is_last_attempt(self) -> bool:
        """True where an error now would leave the job dead."""
        return self.attempt >= self.max_attempts

    @property
    def is_cancelled(self) -> bool:
        """True in a plain function whose attempt is to stop: cancelled, over its time, or its worker stops.

        A coroutine is cancelled instead, where it awaits.
        """
        return self.interruption is not None

    @property
    def tick(self) -> Tick | None:
        """The schedule and the tick this job runs for; None for a job that no schedule made."""
        return tick_of(self.metadata)

    def transaction(self) -> AbstractAsyncContextManager[Any]:
        """One transaction for the handler's writes, its events, its child jobs and its own completion.

        Yields the unit of work. On a clean exit everything commits together and the job is completed
        with `tx.result`; on an exception nothing is written. Raises StaleLeaseError, and writes
        nothing, where the job meanwhile belongs to another attempt.
        """
        return self.services.transaction(self)

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
        unique: Unique | None = None,
        depends_on: DependsOn = (),
        on_failed_dependency: OnFailed = "cancel",
        limit_key: str | None = None,
        weight: int | None = None,
    ) -> Enqueued:
        """Enqueues a child of this job, in a transaction of its own; it is stored even if the handler fails later.

        Inside `transaction()` use `tx.enqueue(..., parent=job)` instead.
        """
        return await self.services.enqueue(
            kind,
            args,
            queue=queue,
            priority=priority,
            max_attempts=max_attempts,
            run_at=run_at,
            delay=delay,
            unique=unique,
            depends_on=depends_on,
            on_failed_dependency=on_failed_dependency,
            limit_key=limit_key,
            weight=weight,
            parent=self.id,
        )

    async def step(self, name: str, function: Callable[..., Any], *args: Any, result_type: Any = Any) -> Any:
        """Calls `function(*args)` once and keeps what it returns: a later attempt gets that, and does not call it.

        A coroutine function runs here, a plain one in a thread. The result is kept as JSON and comes
        back decoded (into `result_type`), in the first attempt too. An error is not kept. `name` is
        this job's own, and used once an attempt. An attempt that ends after the function returned and
        before its result was kept calls it again: outside the database it is done at least once.

        Raises ValueError for a name used twice, UnstorableResult for a result that is no JSON or too
        large, and StaleLeaseError, keeping nothing, where the job meanwhile belongs to another attempt.
        """
        require_name(name, what="step")
        if name in self.step_names:
            raise ValueError(f"step {name!r} is used twice in one attempt; give each step a name of its own")
        self.step_names.add(name)
        return await run_step(
            self.services.connection,
            self.claim,
            name,
            function,
            args,
            result_type=result_type,
            in_thread=self.services.in_thread,
        )

    async def dependency_results(self) -> dict[str, DependencyResult]:
        """How the jobs it depends on ended, by the names it has for them, else by their ids as text."""
        async with self.services.connection() as connection:
            found = await list_dependencies(connection, self.id)
        return {one.name if one.name is not None else str(one.id): one for one in found}

    async def dependency_counts(self) -> dict[State, int]:
        """How many of the jobs it depends on are in each state; states without one are left out."""
        async with self.services.connection() as connection:
            return await tally_dependencies(connection, self.id)

    def progress(self, done: int, *, total: int | None = None, message: str | None = None) -> None:
        """Reports how far the job is; written at most a few times a second, and with its completion.

        May be called from any thread. Raises ValueError for a count below 0 or above 10^15, and
        Interrupted as `checkpoint` does. A message is cut after 1,000 characters.
        """
        self.checkpoint()
        for name, count in (("done", done), ("total", total)):
            if count is not None and not 0 <= count <= _MOST_STEPS:
                raise ValueError(f"{name} must be 0 to {_MOST_STEPS}, got {count}")
        self.done = done
        self.total = total if total is not None else self.total
        self.message = storable(message)[:_MESSAGE_LIMIT] if message is not None else self.message
        self.services.report(self)

    def checkpoint(self) -> None:
        """Raises Interrupted in a plain function whose attempt is to stop; a few times a second is enough."""
        if self.interruption is not None:
            raise Interrupted(self.interruption)

    def interrupt(self, why: Interruption) -> None:
        """Makes the next checkpoint raise; the worker's own part."""
        self.interruption = why

    def open_log(self) -> JobLog:
        """What this attempt has logged so far; begun with its first record."""
        return self.kept if self.kept is not None else self.services.open_log(self)


JobFactory = Callable[[Any], Job]
