"""Counts what became of pushes, and tells it now and then: a record for each would be a flood that others make."""

import logging
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from headrace import Telemetry

TOLD_EVERY: Final = timedelta(seconds=10)
WELCOME: Final = frozenset({"accepted", "replayed", "unknown"})
"""What a good sender's pushes come to; all else was refused, or has to come again."""


class PushCounts:
    """`totals` since the start; what is new of them is told at most every `TOLD_EVERY`, and at the end."""

    def __init__(self, telemetry: Telemetry, *, now: Callable[[], datetime]) -> None:
        self.totals: Counter[str] = Counter()
        self._untold: Counter[str] = Counter()
        self._telemetry = telemetry
        self._now = now
        self._told_at = now()

    def count(self, what: str) -> None:
        """Counts one push."""
        self.totals[what] += 1
        self._untold[what] += 1
        if self._now() >= self._told_at + TOLD_EVERY:
            self.tell()

    def tell(self) -> None:
        """Tells what was counted since the last time."""
        self._told_at = self._now()
        if not self._untold:
            return
        untold, self._untold = self._untold, Counter()
        self._telemetry.emit(
            "pushes.counted",
            level=logging.INFO if untold.keys() <= WELCOME else logging.WARNING,
            counts=dict(untold),
        )
