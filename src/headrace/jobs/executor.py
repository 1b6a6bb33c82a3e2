"""Runs claimed jobs: a fixed set of runners takes rows from the buffer and settles each attempt."""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import UUID

from headrace.clock import Clock
from headrace.context import Binding
from headrace.db.connection import Row
from headrace.jobs.attempt import Attempt, open_job
from headrace.jobs.attempt_records import tell_abandoned, tell_started, tell_stopped
from headrace.jobs.buffer import Buffer
from headrace.jobs.completer import Completer
from headrace.jobs.interruption import Interruption
from headrace.jobs.invoker import Invoker
from headrace.jobs.judge import Judge
from headrace.jobs.log_capture import capturing, install
from headrace.jobs.outcome import Cancel, Ended, Verdict, report_error
from headrace.jobs.processes.pool import ProcessPool
from headrace.jobs.processes.reference import require_found
from headrace.jobs.registry import Kind
from headrace.jobs.services import Engine, WorkerServices
from headrace.jobs.store import Settlement
from headrace.jobs.threads import Threads
from headrace.telemetry import Telemetry

_TURNS_BEFORE_YIELD = 128


class Executor:
    """The runners of one worker.

    An interrupted handler that has not ended within `patience` is told of; at shutdown it is left behind.
    `chance` draws the jitter of retries.
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
        patience: timedelta = timedelta(seconds=2),
        processes: ProcessPool | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._kinds = {kind.name: kind for kind in kinds}
        for kind in kinds:
            if kind.in_process and kind.handler is not None:
                require_found(kind.name, kind.handler)
        install()
        self._concurrency = concurrency
        self._buffer = buffer
        self._completer = completer
        self._telemetry = telemetry
        self._patience = patience
        threads = Threads("headrace-job")
        self._invoker = Invoker(threads=threads, processes=processes or ProcessPool(size=1, telemetry=telemetry))
        self._judge = Judge(self._invoker, completer=completer, telemetry=telemetry, chance=chance)
        self._runners: set[asyncio.Task[None]] = set()
        self._running: set[Attempt] = set()
        self._services = WorkerServices(engine, kinds=self._kinds, completer=completer, threads=threads, clock=clock)
        self._is_draining = False
        self._turns = 0
        self._hurry = asyncio.Event()
        self.abandoned_count = 0

    @property
    def running_count(self) -> int:
        return len(self._running)

    def start(self) -> None:
        """Starts the runners."""
        for number in range(self._concurrency):
            runner = asyncio.create_task(self._run(), name=f"headrace-runner-{number}")
            self._runners.add(runner)

    async def drain(self, grace: timedelta) -> None:
        """Lets running handlers end within `grace`, then interrupts them; their jobs go back uncounted.

        A handler that does not end then either is left behind, and its job given back all the same.
        """
        self._is_draining = True
        busy = {attempt.task for attempt in self._running}
        for runner in self._runners - busy:
            runner.cancel()
        if busy:
            await self._wait(busy, grace)
            self.interrupt_all("shutdown")
            await asyncio.wait(busy, timeout=self._patience.total_seconds())
            for attempt in list(self._running):
                self._abandon(attempt)
        await asyncio.gather(*(self._runners - busy), return_exceptions=True)
        await self._invoker.close()

    def hurry(self) -> None:
        """Ends the grace of a drain under way."""
        self._hurry.set()

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
            try:
                await self._attempt(row, task)
            except Exception as error:  # noqa: BLE001 - a runner outlives whatever an attempt meets outside its handler
                self._judge.broken(row, error)
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
        attempt = Attempt(job, task, self._telemetry, self._patience)
        self._running.add(attempt)
        is_heard = self._telemetry.hears(logging.DEBUG)
        if is_heard:
            tell_started(self._telemetry, job)
        verdict: Verdict | None
        token = capturing.set(job)
        try:
            if row["cancel_requested_by"] is not None:
                verdict = Ended("cancelled", error=report_error(Cancel("cancelled before it ran again")))
            else:
                with Binding(job.context):
                    verdict = await self._judge.attempt(self._kinds[job.kind], row["args"], attempt)
        finally:
            capturing.reset(token)
            self._running.discard(attempt)
            if attempt.timer is not None or attempt.interruption is not None:
                attempt.end()
        if not attempt.is_abandoned:
            self._end(attempt, verdict, is_heard=is_heard)

    def _abandon(self, attempt: Attempt) -> None:
        self.abandoned_count += 1
        attempt.is_abandoned = True
        tell_abandoned(self._telemetry, attempt)
        verdict = self._judge.interrupted(self._kinds[attempt.job.kind], attempt)
        self._end(attempt, verdict, is_heard=self._telemetry.hears(logging.DEBUG))
        attempt.task.cancel()

    async def _wait(self, busy: set[asyncio.Task[None]], grace: timedelta) -> None:
        ended = asyncio.ensure_future(asyncio.wait(busy, timeout=grace.total_seconds()))
        hurry = asyncio.ensure_future(self._hurry.wait())
        await asyncio.wait({ended, hurry}, return_when=asyncio.FIRST_COMPLETED)
        ended.cancel()
        hurry.cancel()

    def _end(self, attempt: Attempt, verdict: Verdict | None, *, is_heard: bool) -> None:
        job = attempt.job
        if job.kept is not None:
            job.kept.end()
            self._completer.hurry_logs()
        duration = timedelta(seconds=time.perf_counter() - job.started)
        if verdict is None or job.is_settled:
            self._completer.forget(job.id)
            if verdict is not None and not (isinstance(verdict, Ended) and verdict.state == "completed"):
                self._telemetry.emit("job.raised_after_completion", level=logging.WARNING, job=job.id, kind=job.kind)
        else:
            self._completer.settle(Settlement(job.claim, verdict, duration, job.done))
        if is_heard:
            tell_stopped(self._telemetry, job, verdict, duration)
