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
from uuid import UUID

import msgspec

from headrace.clock import Clock
from headrace.context import Context, bind
from headrace.db.connection import Connection, Row
from headrace.db.errors import open_transaction
from headrace.errors import StaleLeaseError
from headrace.jobs import store
from headrace.jobs.attempt_records import tell_raised, tell_started, tell_stopped
from headrace.jobs.buffer import Buffer
from headrace.jobs.completer import Completer
from headrace.jobs.handle import Job
from headrace.jobs.job import Claim, Enqueued, Priority
from headrace.jobs.outcome import (
    COMPLETED,
    Again,
    Cancel,
    Ended,
    UnstorableResult,
    Verdict,
    decide_on_error,
    report_error,
)
from headrace.jobs.registry import Kind, encode_json, holds_nul
from headrace.jobs.store import ProgressReport, Settlement
from headrace.telemetry import Telemetry

RESULT_LIMIT_BYTES = 1024 * 1024
_TURNS_BEFORE_YIELD = 64
_PRIORITIES = tuple(Priority)  # by number: several times as fast as Priority(number)

Interruption = Literal["cancel", "shutdown", "lost"]


class UnitOfWork(Protocol):
    """The transaction a handler works in: see `headrace.transaction`."""

    result: Any
    has_jobs: bool

    @property
    def connection(self) -> Connection: ...
    async def flush(self) -> None: ...
    def mark_sound(self) -> None: ...


class Engine(Protocol):
    """What the executor needs of the application around it."""

    def transaction(self) -> AbstractAsyncContextManager[UnitOfWork]: ...

    @property
    def enqueue(self) -> Callable[..., Coroutine[Any, Any, Enqueued]]: ...


@dataclass(slots=True)
class _Attempt:
    job: Job
    task: asyncio.Task[None]
    started: float
    interruption: Interruption | None = None


class Executor:
    """The runners of one worker.

    Handlers that are coroutines run on the event loop, plain functions in threads. A handler is
    interrupted by cancelling it; a thread cannot be, so a plain function runs to its end and what it
    returns after an interruption is dropped. `chance` draws the jitter of retries.
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
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._engine = engine
        self._kinds = {kind.name: kind for kind in kinds}
        self._concurrency = concurrency
        self._buffer = buffer
        self._completer = completer
        self._clock = clock
        self._telemetry = telemetry
        self._chance = chance
        self._threads = ThreadPoolExecutor(concurrency, thread_name_prefix="headrace-job")
        self._runners: set[asyncio.Task[None]] = set()
        self._running: dict[UUID, _Attempt] = {}
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

    def interrupt(self, lease: int, job_id: UUID, why: Interruption) -> None:
        """Interrupts the attempt that holds this lease on this job, if it still runs."""
        attempt = self._running.get(job_id)
        if attempt is not None and attempt.job.claim.lease == lease:
            self._interrupt(attempt, why)

    def interrupt_all(self, why: Interruption) -> None:
        """Interrupts every running attempt."""
        for attempt in list(self._running.values()):
            self._interrupt(attempt, why)

    @asynccontextmanager
    async def transaction(self, job: Job) -> AsyncGenerator[UnitOfWork]:
        """See `Job.transaction`."""
        attempt = self._running.get(job.id)
        started = time.perf_counter() if attempt is None else attempt.started
        async with self._engine.transaction() as unit:
            yield unit
            await unit.flush()
            completed = _completed(unit.result)
            if job.done is not None:
                await store.save_progress(unit.connection, [_progress(job)])
            duration = timedelta(seconds=time.perf_counter() - started)
            # Last of all: it locks the parent's progress row.
            with open_transaction(unit.connection, doing="complete the job"):
                recorded = await store.finish_jobs(
                    unit.connection,
                    [Settlement(job.claim, completed, duration, job.done)],
                    now=self._clock.override(),
                    on_freed=lambda: setattr(unit, "has_jobs", True),
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

    def report(self, job: Job) -> None:
        """See `Job.progress`."""
        self._completer.report(_progress(job))

    async def run(self, row: Row) -> None:
        """Runs one claimed job in the calling task; for programs without runners."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine always runs in one
        await self._attempt(row, task)

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
        attempt = _Attempt(job, task, time.perf_counter())
        self._running[job.id] = attempt
        is_heard = self._telemetry.hears(logging.DEBUG)
        if is_heard:
            tell_started(self._telemetry, job)
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
            verdict = _interrupted(attempt.interruption)
        finally:
            del self._running[job.id]
            if attempt.interruption is not None:
                task.uncancel()
        duration = timedelta(seconds=time.perf_counter() - attempt.started)
        self._settle(job, verdict, duration)
        if is_heard:
            tell_stopped(self._telemetry, job, verdict, duration)

    async def _call(self, kind: Kind, raw: str, job: Job) -> Verdict | None:
        try:
            passed = [job if name == "job" else kind.decode(raw) for name in kind.passes]
            handler = kind.handler
            if handler is not None and kind.is_plain:
                # As `_handle` does, without its two coroutines: they are a tenth of what a job that does nothing costs.
                result = await handler(*passed)
            else:
                result = await self._handle(kind, passed, job)
            return COMPLETED if result is None else _completed(result)
        except StaleLeaseError as error:
            self._completer.note_stale(job.claim, error)
            return None
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            return self._judge(
                kind, job, RuntimeError("the handler awaited something that was cancelled, and did not catch it")
            )
        except (Exception, SystemExit) as error:  # noqa: BLE001 - every error of a handler becomes an outcome
            return self._judge(kind, job, error)

    async def _handle(self, kind: Kind, passed: list[Any], job: Job) -> Any:
        if kind.timeout is None and not kind.middleware.surrounds_attempts:
            return await self._invoke(kind, passed)
        limit = asyncio.timeout(None if kind.timeout is None else kind.timeout.total_seconds())
        try:
            async with limit:
                return await kind.middleware.around_attempt(job, partial(self._invoke, kind, passed))
        except TimeoutError as error:
            if limit.expired():
                raise TimeoutError(f"the attempt took longer than its timeout of {kind.timeout}") from error
            raise

    async def _invoke(self, kind: Kind, passed: list[Any]) -> Any:
        handler = kind.handler
        assert handler is not None  # noqa: S101 - only handled kinds are claimed
        if kind.is_async:
            return await handler(*passed)
        context = copy_context()
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: context.run(_call_plain, handler, passed)
        )

    def _judge(self, kind: Kind, job: Job, error: BaseException) -> Verdict:
        verdict = decide_on_error(
            error,
            attempt=job.attempt,
            max_attempts=job.max_attempts,
            policy=kind.retry,
            chance=self._chance(),
        )
        duration = timedelta(seconds=time.perf_counter() - self._running[job.id].started)
        tell_raised(self._telemetry, job, error, verdict, duration)
        return verdict

    def _settle(self, job: Job, verdict: Verdict | None, duration: timedelta) -> None:
        if verdict is None or job.is_settled:
            self._completer.forget(job.id)
            if verdict is not None and not (isinstance(verdict, Ended) and verdict.state == "completed"):
                self._telemetry.emit("job.raised_after_completion", level=logging.WARNING, job=job.id, kind=job.kind)
            return
        self._completer.settle(Settlement(job.claim, verdict, duration, job.done))

    def _open(self, row: Row) -> Job:
        job_id = row["job_id"]
        return Job(
            id=job_id,
            kind=row["kind"],
            queue=row["queue"],
            priority=_PRIORITIES[int(row["priority"])],
            attempt=row["attempt"],
            max_attempts=row["max_attempts"],
            run_at=row["run_at"],
            parent_id=row["parent_id"],
            context=Context(
                row["correlation_id"],
                job_id,
                "job",
                row["tenant_id"],
                row["user_id"],
                row["actor"],
                row["traceparent"],
            ),
            claim=Claim(job_id, row["attempt"], row["lease"]),
            services=self,
            metadata=None if row["metadata"] is None else msgspec.json.decode(row["metadata"]),
        )

    def _interrupt(self, attempt: _Attempt, why: Interruption) -> None:
        if attempt.interruption is None:
            attempt.interruption = why
            attempt.task.cancel()


def _call_plain(handler: Callable[..., Any], passed: list[Any]) -> Any:
    try:
        return handler(*passed)
    except StopIteration as error:
        # No future can carry it: the one awaited would never be done.
        raise RuntimeError("the handler raised StopIteration") from error


def _progress(job: Job) -> ProgressReport:
    return ProgressReport(job.claim, job.done or 0, job.total, job.message)


def _completed(result: Any) -> Ended:
    """The outcome of a handler that returned. Raises UnstorableResult."""
    if result is None:
        return COMPLETED
    try:
        raw = encode_json(result)
    except Exception as error:
        raise UnstorableResult(f"the handler's result is not JSON: {error}") from error
    if len(raw) > RESULT_LIMIT_BYTES:
        raise UnstorableResult(f"the handler's result has {len(raw)} bytes of JSON, the limit is {RESULT_LIMIT_BYTES}")
    text = raw.decode()
    if holds_nul(text):
        raise UnstorableResult("the handler's result holds the character U+0000, PostgreSQL cannot store it")
    return Ended("completed", result=text)


def _interrupted(why: Interruption) -> Verdict | None:
    if why == "cancel":
        return Ended("cancelled", error=report_error(Cancel("cancelled while it ran")))
    if why == "shutdown":
        return Again(None, counts=False)
    return None
