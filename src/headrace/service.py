"""The base of every loop: start, stop, wake, `run_once`, error -> record and back-off."""

import asyncio
import logging
import random
from datetime import timedelta

from headrace.telemetry import Telemetry

AGAIN = timedelta(0)


class Service:
    """A named background loop around `run_once`.

    `run_once` returns how long to rest before the next turn: `AGAIN` for at once, None for the idle
    interval. `wake()` ends a rest early. An error is recorded, and the next turn waits with
    exponential back-off (0.1 s doubling to `max_backoff`, jittered), so that a lost database
    neither ends the loop nor is hammered. Loops that are `is_in_step` end the idle interval at the same moments, so
    that what they then ask for can be asked together.
    """

    def __init__(
        self,
        name: str,
        *,
        telemetry: Telemetry,
        idle: timedelta = timedelta(seconds=1),
        max_backoff: timedelta = timedelta(seconds=5),
        is_in_step: bool = False,
    ) -> None:
        self.name = name
        self.telemetry = telemetry
        self._idle = idle
        self._max_backoff = max_backoff
        self._is_in_step = is_in_step
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._stopping = False

    @property
    def is_stopping(self) -> bool:
        return self._stopping

    async def run_once(self) -> timedelta | None:
        """One turn of the loop. Returns the rest before the next one; None means the idle interval."""
        raise NotImplementedError

    async def on_stop(self) -> None:
        """Releases what the loop holds; called once, after its last turn."""

    def wake(self) -> None:
        """Ends the current rest, if any; otherwise the next one is skipped."""
        self._wake.set()

    def start(self) -> None:
        """Starts the loop as a task of the running event loop."""
        if self._task is None:
            self._stopping = False
            self._task = asyncio.create_task(self._run(), name=f"headrace-{self.name}")

    async def stop(self, *, timeout: timedelta = timedelta(seconds=5)) -> None:
        """Lets the current turn end, at most for `timeout`, then cancels it."""
        self._stopping = True
        self._wake.set()
        if self._task is not None:
            task, self._task = self._task, None
            _, pending = await asyncio.wait({task}, timeout=timeout.total_seconds())
            if pending:
                task.cancel()
                await asyncio.wait({task})
        await self.on_stop()

    async def _run(self) -> None:
        failures = 0
        while not self._stopping:
            try:
                rest = await self.run_once()
                failures = 0
            except Exception as error:  # noqa: BLE001 - a loop outlives its errors; each is recorded
                failures += 1
                rest = self._backoff(failures)
                # The traceback once; while the same trouble lasts, a line is enough.
                self.telemetry.emit(
                    "service.error",
                    level=logging.WARNING,
                    error=error if failures == 1 else None,
                    service=self.name,
                    failures=failures,
                    reason=repr(error),
                    retry_in=rest,
                )
            await self._rest(self._idle_rest() if rest is None else rest)

    def _idle_rest(self) -> timedelta:
        if not self._is_in_step:
            return self._idle
        idle = self._idle.total_seconds()
        return timedelta(seconds=idle - asyncio.get_running_loop().time() % idle)

    def _backoff(self, failures: int) -> timedelta:
        bound = min(self._max_backoff, timedelta(seconds=0.1 * 2 ** min(failures - 1, 16)))
        return bound * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, no secret

    async def _rest(self, rest: timedelta) -> None:
        if rest > AGAIN and not self._stopping:
            try:
                async with asyncio.timeout(rest.total_seconds()):
                    await self._wake.wait()
            except TimeoutError:
                return
        else:
            await asyncio.sleep(0)
        self._wake.clear()
