"""What a running job may ask of its worker."""

import threading
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from typing import Any, Protocol

from headrace.clock import Clock
from headrace.db.connection import Connection
from headrace.db.errors import open_transaction
from headrace.errors import StaleLeaseError
from headrace.jobs import store
from headrace.jobs.completer import Completer
from headrace.jobs.handle import Job
from headrace.jobs.job import Enqueued
from headrace.jobs.job_log import JobLog
from headrace.jobs.log_backlog import AttemptSink
from headrace.jobs.registry import Kind
from headrace.jobs.result import completed
from headrace.jobs.store import ProgressReport, Settlement
from headrace.jobs.threads import Threads


class UnitOfWork(Protocol):
    """The transaction a handler works in: see `headrace.transaction`."""

    result: Any
    has_events: bool
    has_jobs: bool
    has_results: bool

    @property
    def connection(self) -> Connection: ...
    async def flush(self) -> None: ...
    def mark_sound(self) -> None: ...


class Engine(Protocol):
    """What running jobs need of the application around them."""

    def transaction(self) -> AbstractAsyncContextManager[UnitOfWork]: ...

    @property
    def enqueue(self) -> Callable[..., Coroutine[Any, Any, Enqueued]]: ...


class WorkerServices:
    """Serves the attempts of one worker."""

    def __init__(
        self, engine: Engine, *, kinds: Mapping[str, Kind], completer: Completer, threads: Threads, clock: Clock
    ) -> None:
        self._engine = engine
        self._kinds = kinds
        self._threads = threads
        self._opening = threading.Lock()
        self._completer = completer
        self._clock = clock

    @asynccontextmanager
    async def transaction(self, job: Job) -> AsyncGenerator[UnitOfWork]:
        """See `Job.transaction`."""
        async with self._engine.transaction() as unit:
            yield unit
            await unit.flush()
            result = completed(unit.result)
            if job.done is not None:
                await store.save_progress(unit.connection, [_progress(job)])
            duration = timedelta(seconds=time.perf_counter() - job.started)
            kind = self._kinds[job.kind]
            told = [kind.name] if kind.told.at_completion(kind.lifecycle) else []
            unit.has_events = unit.has_events or bool(told)
            # Last of all: it locks the parent's progress row.
            with open_transaction(unit.connection, doing="complete the job"):
                recorded = await store.finish_jobs(
                    unit.connection,
                    [Settlement(job.claim, result, duration, job.done)],
                    now=self._clock.override(),
                    told=told,
                    on_freed=lambda: setattr(unit, "has_jobs", True),
                    on_awaited=lambda: setattr(unit, "has_results", True),
                )
            if not recorded:
                raise StaleLeaseError(job.id, attempt=job.attempt, lease=job.claim.lease)
            unit.mark_sound()
        job.is_settled = True

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[Connection]:
        """A connection in a transaction of its own, for what a job reads and keeps beside its handler's writes."""
        async with self._engine.transaction() as unit:
            yield unit.connection
            unit.mark_sound()

    async def enqueue(self, kind: str, args: Any, **options: Any) -> Enqueued:
        """See `Job.enqueue`."""
        return await self._engine.enqueue(kind, args, **options)

    async def in_thread(self, function: Callable[..., Any], *args: Any) -> Any:
        """Calls a plain function beside the event loop."""
        return await self._threads.call(function, *args)

    def open_log(self, job: Job) -> JobLog:
        """See `Job.open_log`."""
        with self._opening:  # two threads may log at once
            if job.kept is None:
                job.kept = JobLog(self._kinds[job.kind].logs, AttemptSink(job.claim, self._completer.logs))
            return job.kept

    def report(self, job: Job) -> None:
        """See `Job.progress`."""
        self._completer.report(_progress(job))


def _progress(job: Job) -> ProgressReport:
    return ProgressReport(job.claim, job.done or 0, job.total, job.message)
