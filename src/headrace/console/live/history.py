"""What was seen over the last minutes: rates between looks, in bounded memory. Pure."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from headrace.console.live.look import Totals

KEPT = timedelta(minutes=10)
_SHORTEST = timedelta(seconds=4)
"""Servers tell their statistics on once a second or later: rates are of at least so long."""


@dataclass(frozen=True, slots=True)
class Point:
    """What happened a second, on average, up to a moment."""

    at: datetime
    enqueued: float
    ended: float
    failures: float
    events: float


class History:
    """The rates of the last `KEPT`, oldest first."""

    def __init__(self) -> None:
        self.points: deque[Point] = deque()
        self._seen: deque[tuple[datetime, Totals]] = deque()

    @property
    def last(self) -> Point | None:
        return self.points[-1] if self.points else None

    def add(self, at: datetime, totals: Totals) -> None:
        """Takes a look in; where totals have fallen, since a partition went, nothing happened."""
        while len(self._seen) > 1 and at - self._seen[1][0] >= _SHORTEST:
            self._seen.popleft()
        if self._seen and at > self._seen[0][0]:
            since, before = self._seen[0]
            seconds = (at - since).total_seconds()
            self.points.append(
                Point(
                    at,
                    enqueued=max(0, totals.jobs - before.jobs) / seconds,
                    ended=max(0, totals.ends - before.ends) / seconds,
                    failures=max(0, totals.failures - before.failures) / seconds,
                    events=max(0, totals.events - before.events) / seconds,
                )
            )
        self._seen.append((at, totals))
        while self.points and at - self.points[0].at > KEPT:
            self.points.popleft()
