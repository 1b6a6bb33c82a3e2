"""Runs claimed jobs: a fixed set of runners takes rows from the buffer and settles each attempt."""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import UUID

from headrace.clock import Clock
from headrace.context import bind
from headrace.db.connection import Row
from headrace.errors import StaleLeaseError
from headrace.jobs.attempt import Attempt, Interruption, follow_interruption, open_job
from headrace.jobs.attempt_records import tell_raised, tell_started, tell_stopped
from headrace.jobs.buffer import Buffer
from headrace.jobs.completer import Completer
from headrace.jobs.handle import Job
from headrace.jobs.invoker import Invoker
from headrace.jobs.outcome import Cancel, Ended, Verdict, decide_on_error, report_error
from headrace.jobs.registry import Kind
from headrace.jobs.result import completed
from headrace.jobs.services import Engine, WorkerServices
from headrace.jobs.store import Settlement
from headrace.telemetry import Telemetry

_TURNS_BEFORE_YIELD = 128


class Executor:
    """The runners of one worker. `chance` draws the jitter of retries."""

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
        self._kinds = {kind.name: kind for kind in kinds}
        self._concurrency = concurrency
        self._buffer = buffer
        self._completer = completer
        self._telemetry = telemetry
        self._chance = chance
        self._invoker = Invoker(concurrency=concurrency)
        self._runners: set[asyncio.Task[None]] = set()
        self._running: set[Attempt] = set()
        self._services = WorkerServices(engine, completer=completer, clock=clock)
        self._is_draining = False
        self._turns = 0

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
        busy = {attempt.task for attempt in self._running}
        for runner in self._runners - busy:
            runner.cancel()
        if busy:
            await asyncio.wait(busy, timeout=grace.total_seconds())
            self.interrupt_all("shutdown")
        await asyncio.gather(*self._runners, return_exceptions=True)
        self._invoker.close()

    def interrupt(self, lease: int, job_id: UUID, why: Interruption) -> None:
        """Interrupts the attempt that holds this lease on this job, if it still runs."""
        for attempt in self._running:
            if attempt.job.id == job_id and attempt.job.claim.lease == lease:
                attempt.interrupt(why)

    def interrupt_all(self, why: Interruption) -> None:
        """Interrupts every running attempt."""
        for attempt in self._running:
            attempt.interrupt(why)

    async def run(self, row: Row) -> None:
        """Runs one claimed job in the calling task; for programs without runners."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine always runs in one
        await self._attempt(row, task)

    async def _run(self) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine run by create_task always has one
        while not self._is_draining:
            row = await self._buffer.take()
            await self._attempt(row, task)
            self._turns += 1
            if self._turns >= _TURNS_BEFORE_YIELD:
                # Handlers that never suspend would otherwise starve claims and completions. Counted for all runners
                # together: with a count of its own, each of twenty would run as many before the loop goes round.
                if self._turns == _TURNS_BEFORE_YIELD:
                    asyncio.get_running_loop().call_soon(self._begin_turns)
                await asyncio.sleep(0)
            if not self._completer.has_room:
                await self._completer.room()

    def _begin_turns(self) -> None:
        self._turns = 0

    async def _attempt(self, row: Row, task: asyncio.Task[None]) -> None:
        job = open_job(row, services=self._services)
        attempt = Attempt(job, task)
        self._running.add(attempt)
        is_heard = self._telemetry.hears(logging.DEBUG)
        if is_heard:
            tell_started(self._telemetry, job)
        verdict: Verdict | None
        try:
            if row["cancel_requested_by"] is not None:
                verdict = Ended("cancelled", error=report_error(Cancel("cancelled before it ran again")))
            else:
                with bind(job.context):
                    verdict = await self._call(self._kinds[job.kind], row["args"], attempt)
        except asyncio.CancelledError:
            if attempt.interruption is None:
                raise
            verdict = follow_interruption(attempt.interruption)
        finally:
            self._running.discard(attempt)
            if attempt.interruption is not None:
                task.uncancel()
        duration = timedelta(seconds=time.perf_counter() - job.started)
        self._settle(job, verdict, duration)
        if is_heard:
            tell_stopped(self._telemetry, job, verdict, duration)

    async def _call(self, kind: Kind, raw: str, attempt: Attempt) -> Verdict | None:
        try:
            return completed(await self._invoker.call(kind, raw, attempt.job))
        except StaleLeaseError as error:
            self._completer.note_stale(attempt.job.claim, error)
            return None
        except asyncio.CancelledError:
            if attempt.task.cancelling():
                raise
            return self._judge(
                kind, attempt, RuntimeError("the handler awaited something that was cancelled, and did not catch it")
            )
        except (Exception, SystemExit) as error:  # noqa: BLE001 - every error of a handler becomes an outcome
            return self._judge(kind, attempt, error)

    def _judge(self, kind: Kind, attempt: Attempt, error: BaseException) -> Verdict:
        job = attempt.job
        verdict = decide_on_error(
            error,
            attempt=job.attempt,
            max_attempts=job.max_attempts,
            policy=kind.retry,
            chance=self._chance(),
        )
        duration = timedelta(seconds=time.perf_counter() - job.started)
        tell_raised(self._telemetry, job, error, verdict, duration)
        return verdict

    def _settle(self, job: Job, verdict: Verdict | None, duration: timedelta) -> None:
        if verdict is None or job.is_settled:
            self._completer.forget(job.id)
            if verdict is not None and not (isinstance(verdict, Ended) and verdict.state == "completed"):
                self._telemetry.emit("job.raised_after_completion", level=logging.WARNING, job=job.id, kind=job.kind)
            return
        self._completer.settle(Settlement(job.claim, verdict, duration, job.done))
