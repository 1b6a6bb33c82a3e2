"""Runs claimed jobs: a fixed set of runners takes rows from the buffer and settles each attempt."""

import asyncio
import logging
import random
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import copy_context
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Literal, Protocol

from headrace.clock import Clock
from headrace.context import Context, bind
from headrace.db.connection import Connection, Row
from headrace.errors import StaleLeaseError
from headrace.jobs import store
from headrace.jobs.buffer import Buffer
from headrace.jobs.completer import Completer
from headrace.jobs.handle import Job
from headrace.jobs.job import Claim, Enqueued, Priority
from headrace.jobs.outcome import COMPLETED, Again, Cancel, Ended, Verdict, decide_on_error, report_error
from headrace.jobs.registry import Kind, encode_json
from headrace.jobs.store import ProgressReport, Settlement
from headrace.telemetry import Telemetry

RESULT_LIMIT_BYTES = 1024 * 1024
_TURNS_BEFORE_YIELD = 64

Interruption = Literal["cancel", "shutdown", "lost"]


class UnitOfWork(Protocol):
    """The transaction a handler works in: see `headrace.transaction`."""

    result: Any

    @property
    def connection(self) -> Connection: ...
    async def flush(self) -> None: ...


class Engine(Protocol):
    """What the executor needs of the application around it."""

    def transaction(self) -> AbstractAsyncContextManager[UnitOfWork]: ...

    @property
    def enqueue(self) -> Callable[..., Coroutine[Any, Any, Enqueued]]: ...


@dataclass(slots=True)
class _Attempt:
    job: Job
    task: asyncio.Task[None]
    interruption: Interruption | None = None


class Executor:
    """The runners of one worker.

    Handlers that are coroutines run on the event loop, plain functions in threads. A handler is
    interrupted by cancelling it; a thread cannot be, so a plain function runs to its end and what it
    returns after an interruption is dropped.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        kinds: Sequence[Kind],
        concurrency: int,
        buffer: Buffer,
        completer: Completer,
        clock: Clock,
        telemetry: Telemetry,
    ) -> None:
        self._engine = engine
        self._kinds = {kind.name: kind for kind in kinds}
        self._concurrency = concurrency
        self._buffer = buffer
        self._completer = completer
        self._clock = clock
        self._telemetry = telemetry
        self._threads = ThreadPoolExecutor(concurrency, thread_name_prefix="headrace-job")
        self._runners: set[asyncio.Task[None]] = set()
        self._running: dict[int, _Attempt] = {}
        self._is_draining = False

    @property
    def running_count(self) -> int:
        return len(self._running)

    def start(self) -> None:
        """Starts the runners."""
        for number in range(self._concurrency):
            runner = asyncio.create_task(self._run(), name=f"headrace-runner-{number}")
            self._runners.add(runner)

    async def drain(self, grace: timedelta) -> None:
        """Lets running handlers end within `grace`, then interrupts them; their jobs go back uncounted."""
        self._is_draining = True
        busy = {attempt.task for attempt in self._running.values()}
        for runner in self._runners - busy:
            runner.cancel()
        if busy:
            await asyncio.wait(busy, timeout=grace.total_seconds())
            self.interrupt_all("shutdown")
        await asyncio.gather(*self._runners, return_exceptions=True)
        self._threads.shutdown(wait=False, cancel_futures=True)

    def interrupt(self, claim_lease: int, job_id: object, why: Interruption) -> None:
        """Interrupts the attempt that holds this lease on this job, if it still runs."""
        for attempt in self._running.values():
            if attempt.job.claim.lease == claim_lease and attempt.job.id == job_id:
                self._interrupt(attempt, why)

    def interrupt_all(self, why: Interruption) -> None:
        """Interrupts every running attempt."""
        for attempt in list(self._running.values()):
            self._interrupt(attempt, why)

    @asynccontextmanager
    async def transaction(self, job: Job) -> AsyncGenerator[UnitOfWork]:
        """See `Job.transaction`."""
        started = time.perf_counter()
        async with self._engine.transaction() as unit:
            yield unit
            await unit.flush()
            settlement = Settlement(
                job.claim, _completed(unit.result), timedelta(seconds=time.perf_counter() - started), job.done
            )
            # Last of all: it locks the parent's progress row.
            if not await store.finish_jobs(unit.connection, [settlement], now=self._clock.override()):
                raise StaleLeaseError(job.id, attempt=job.attempt, lease=job.claim.lease)
        job.is_settled = True

    async def enqueue(self, kind: str, args: Any, **options: Any) -> Enqueued:
        """See `Job.enqueue`."""
        return await self._engine.enqueue(kind, args, **options)

    def report(self, job: Job) -> None:
        """See `Job.progress`."""
        self._completer.report(id(job), ProgressReport(job.claim, job.done or 0, job.total, job.message))

    async def _run(self) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine run by create_task always has one
        turns = 0
        while not self._is_draining:
            row = await self._buffer.take()
            await self._attempt(row, task)
            turns += 1
            if turns % _TURNS_BEFORE_YIELD == 0:
                # Handlers that never suspend would otherwise starve claims and completions.
                await asyncio.sleep(0)
            if not self._completer.has_room:
                await self._completer.room()

    async def _attempt(self, row: Row, task: asyncio.Task[None]) -> None:
        job = self._open(row)
        attempt = _Attempt(job, task)
        key = id(job)
        self._running[key] = attempt
        started = time.perf_counter()
        verdict: Verdict | None
        try:
            if row["cancel_requested_by"] is not None:
                verdict = Ended("cancelled", error=report_error(Cancel("cancelled before it ran again")))
            else:
                with bind(job.context):
                    verdict = await self._call(self._kinds[job.kind], row["args"], job)
        except asyncio.CancelledError:
            if attempt.interruption is None:
                raise
            task.uncancel()
            verdict = _interrupted(attempt.interruption)
        finally:
            del self._running[key]
        self._settle(job, verdict, timedelta(seconds=time.perf_counter() - started))

    async def _call(self, kind: Kind, raw: str, job: Job) -> Verdict | None:
        try:
            passed = [job if name == "job" else kind.decode(raw) for name in kind.passes]
            async with asyncio.timeout(None if kind.timeout is None else kind.timeout.total_seconds()):
                handler = kind.handler
                assert handler is not None  # noqa: S101 - only handled kinds are claimed
                if kind.is_async:
                    result = await handler(*passed)
                else:
                    call = partial(copy_context().run, handler, *passed)
                    result = await asyncio.get_running_loop().run_in_executor(self._threads, call)
        except StaleLeaseError as error:
            self._telemetry.emit("job.stale", level=logging.WARNING, job=job.id, lease=job.claim.lease, error=error)
            return None
        except Exception as error:  # noqa: BLE001 - every error of a handler becomes an outcome
            return self._judge(kind, job, error)
        return _completed(result)

    def _judge(self, kind: Kind, job: Job, error: Exception) -> Verdict:
        verdict = decide_on_error(
            error,
            attempt=job.attempt,
            max_attempts=job.max_attempts,
            policy=kind.retry,
            chance=random.random(),  # noqa: S311 - jitter, no secret
        )
        self._telemetry.emit(
            "job.raised",
            level=logging.INFO if isinstance(verdict, Again) else logging.WARNING,
            error=error,
            job=job.id,
            kind=job.kind,
            attempt=job.attempt,
            verdict=type(verdict).__name__ if isinstance(verdict, Again) else verdict.state,
        )
        return verdict

    def _settle(self, job: Job, verdict: Verdict | None, duration: timedelta) -> None:
        self._completer.forget(id(job))
        if job.is_settled:
            if verdict is not None and verdict is not COMPLETED and isinstance(verdict, Again):
                self._telemetry.emit("job.raised_after_completion", level=logging.WARNING, job=job.id, kind=job.kind)
            return
        if verdict is not None:
            self._completer.settle(Settlement(job.claim, verdict, duration, job.done))

    def _open(self, row: Row) -> Job:
        job_id = row["job_id"]
        return Job(
            id=job_id,
            kind=row["kind"],
            queue=row["queue"],
            priority=Priority(row["priority"]),
            attempt=row["attempt"],
            max_attempts=row["max_attempts"],
            run_at=row["run_at"],
            parent_id=row["parent_id"],
            context=Context(
                correlation_id=row["correlation_id"],
                causation_id=job_id,
                causation_kind="job",
                tenant_id=row["tenant_id"],
                user_id=row["user_id"],
                actor=row["actor"],
                traceparent=row["traceparent"],
            ),
            claim=Claim(job_id, row["attempt"], row["lease"]),
            services=self,
        )

    def _interrupt(self, attempt: _Attempt, why: Interruption) -> None:
        if attempt.interruption is None:
            attempt.interruption = why
            attempt.task.cancel()


def _completed(result: Any) -> Ended:
    if result is None:
        return COMPLETED
    try:
        raw = encode_json(result)
    except (TypeError, ValueError) as error:
        return Ended("failed", error=report_error(TypeError(f"the handler's result is not JSON: {error}")))
    if len(raw) > RESULT_LIMIT_BYTES:
        return Ended(
            "failed",
            error=report_error(
                ValueError(f"the handler's result has {len(raw)} bytes of JSON, the limit is {RESULT_LIMIT_BYTES}")
            ),
        )
    return Ended("completed", result=raw.decode())


def _interrupted(why: Interruption) -> Verdict | None:
    if why == "cancel":
        return Ended("cancelled", error=report_error(Cancel("cancelled while it ran")))
    if why == "shutdown":
        return Again(None, counts=False)
    return None
