"""A viewer: where it is in the log, and what waits for it, within bounds."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Literal

from headrace.errors import ConfigurationError
from headrace.events.live.event import LiveEvent
from headrace.events.live.filter import LiveFilter

End = Literal["slow", "expired", "unavailable", "closed", "shutdown"]
"""Why a viewer sees no more: it did not keep up, its time was over, the log cannot be read, it went, or the process
stops."""


class Viewer:
    """One who watches. `position` is what it has seen all of, as far as the filter goes; None before it has begun.

    At most `buffer` events wait for it, and one batch more. A viewer that has not taken what it was given
    when that much would be exceeded is ended as slow; what waited is forgotten, and can be had from the log.
    """

    def __init__(self, wanted: LiveFilter, *, after: int | None, buffer: int) -> None:
        if buffer < 1:
            raise ConfigurationError(f"buffer must be at least 1, got {buffer}")
        if after is not None and after < 0:
            raise ConfigurationError(f"after must be a position, or 0 for the whole log, got {after}")
        self.wanted = wanted
        self.position = after
        self.buffer = buffer
        self.is_joined = False
        self.end: End | None = None
        self.on_end: Callable[[End], None] | None = None
        self._waiting: deque[LiveEvent] = deque()
        self._through = 0 if after is None else after
        self._woken: asyncio.Future[bool] | None = None

    @property
    def waiting_count(self) -> int:
        return len(self._waiting)

    def load(self, events: Sequence[LiveEvent], *, through: int) -> None:
        """Gives it what was read for it: every event that fits up to a position."""
        self._waiting.extend(events)
        self._through = max(self._through, through)
        if not self._waiting:
            self.position = self._through
        self.wake()

    def offer(self, events: Sequence[LiveEvent]) -> bool:
        """Gives it what has just happened, but what it has had already; False where it is too slow for it."""
        if events[0].position <= self._through:
            events = [event for event in events if event.position > self._through]
            if not events:
                return True
        if self._waiting and len(self._waiting) + len(events) > self.buffer:
            return False
        self._waiting.extend(events)
        self._through = events[-1].position
        self.wake()
        return True

    def take(self, most: int | None = None) -> list[LiveEvent]:
        """What waits, at most so many; none where nothing does."""
        if most is None or most >= len(self._waiting):
            taken = list(self._waiting)
            self._waiting.clear()
            self.position = self._through if taken else self.position
        else:
            taken = [self._waiting.popleft() for _ in range(most)]
            self.position = taken[-1].position
        return taken

    def forget(self) -> None:
        """Forgets what waits, to be read from the log again from where it is."""
        self._waiting.clear()
        self._through = self.position or 0
        self.is_joined = False
        self.wake()

    def finish(self, reason: End) -> None:
        """Ends it, unless it has ended; what waits is forgotten."""
        if self.end is None:
            self.end = reason
            self._waiting.clear()
            self.wake()
            if self.on_end is not None:
                self.on_end(reason)

    async def wait(self, seconds: float | None = None) -> bool:
        """Returns True when it is woken or need not wait, False when so many seconds have gone by."""
        if self._waiting or self.end is not None:
            return True
        loop = asyncio.get_running_loop()
        self._woken = woken = loop.create_future()
        timer = None if seconds is None else loop.call_later(seconds, _give, woken, False)
        try:
            return await woken
        finally:
            self._woken = None
            if timer is not None:
                timer.cancel()

    def wake(self) -> None:
        """Ends its wait, if it waits."""
        if self._woken is not None:
            _give(self._woken, True)


def _give(woken: "asyncio.Future[bool]", answer: bool) -> None:  # noqa: FBT001 - called back by place
    if not woken.done():
        woken.set_result(answer)
