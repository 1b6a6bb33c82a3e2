"""The jobs a worker has claimed and not started: a queue between the fetcher and the runners."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from math import exp
from typing import Any

_HORIZON_SECONDS = 0.2
_MEMORY_SECONDS = 0.5


class Buffer:
    """Claimed rows waiting for a runner, and how many more to claim.

    What is claimed here is kept from idle workers elsewhere, so no more is wanted than the idle
    runners plus what the measured rate will start within a fifth of a second.
    """

    def __init__(self, *, most: int, on_low: Callable[[], None]) -> None:
        self._most = most
        self._on_low = on_low
        self._rows: deque[Any] = deque()
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._low_mark = 0
        self._taken = 0
        self._rate = 0.0
        self._measured_at: float | None = None

    def __len__(self) -> int:
        return len(self._rows)

    def wanted(self, now: float) -> int:
        """How many jobs to claim now; `now` is a monotonic clock's reading in seconds."""
        self._measure(now)
        room = min(self._most, len(self._waiting) + int(self._rate * _HORIZON_SECONDS))
        self._low_mark = room // 2
        return room - len(self._rows) if len(self._rows) <= self._low_mark else 0

    def put(self, rows: Iterable[Any]) -> None:
        """Adds claimed rows and wakes as many runners as there are rows."""
        self._rows.extend(rows)
        for _ in range(len(self._rows)):
            if not self._wake_one():
                break

    async def take(self) -> Any:
        """The next row; waits for one."""
        while not self._rows:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            self._on_low()
            try:
                await waiter
            except asyncio.CancelledError:
                if waiter.done() and not waiter.cancelled():
                    self._wake_one()
                elif waiter in self._waiting:
                    self._waiting.remove(waiter)
                raise
        self._taken += 1
        if len(self._rows) == self._low_mark:
            self._on_low()
        return self._rows.popleft()

    def drain(self) -> list[Any]:
        """Everything not started, taken out."""
        rows = list(self._rows)
        self._rows.clear()
        return rows

    def _wake_one(self) -> bool:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return True
        return False

    def _measure(self, now: float) -> None:
        if self._measured_at is not None and now > self._measured_at:
            passed = now - self._measured_at
            kept = exp(-passed / _MEMORY_SECONDS)
            self._rate = max(self._rate * kept, self._taken / passed) if self._taken else self._rate * kept
        if self._measured_at is None or now > self._measured_at:
            self._measured_at = now
            self._taken = 0
