"""Units spent in a sliding window, and what is refused beyond a limit."""

from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any


@dataclass(slots=True)
class _Window:
    spent: deque[tuple[datetime, int]] = field(default_factory=deque[tuple[datetime, int]])
    units: int = 0
    most: int = 0


class Meter:
    """Charges units to keys (a user, a project, an API key) and forgets them a window later.

    The window slides, which is the strictest reading of "a minute": what stays within it stays within
    minutes of the clock too. Refused units are not charged. Not safe for threads: its owner holds a lock.
    """

    def __init__(self, window: timedelta = timedelta(minutes=1)) -> None:
        self.window = window
        self._windows: dict[str, _Window] = {}
        self._totals: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()

    def wait(self, key: str, units: int, *, limit: int | None, now: datetime) -> timedelta | None:
        """How long until `units` fit below `limit`; None where they do now. Counts a refusal otherwise.

        More units than the limit itself never fit: the answer is then the whole window.
        """
        if limit is None:
            return None
        window = self._current(key, now)
        excess = window.units + units - limit
        if excess <= 0:
            return None
        self._refused[key] += 1
        for at, spent in window.spent:
            excess -= spent
            if excess <= 0:
                return at + self.window - now
        return self.window

    def charge(self, key: str, units: int, *, now: datetime) -> None:
        """Charges units that were granted."""
        window = self._current(key, now)
        window.spent.append((now, units))
        window.units += units
        window.most = max(window.most, window.units)
        self._totals[key] += units

    def used(self, key: str, *, now: datetime) -> int:
        """Units spent in the window that ends now."""
        return self._current(key, now).units

    def most(self, key: str) -> int:
        """The most units spent in any window."""
        return self._windows[key].most if key in self._windows else 0

    def refused(self, key: str | None = None) -> int:
        """How many requests were refused, of one key or of all."""
        return self._refused.total() if key is None else self._refused[key]

    def reset(self) -> None:
        """Forgets everything."""
        self._windows.clear()
        self._totals.clear()
        self._refused.clear()

    def snapshot(self, *, now: datetime) -> dict[str, Any]:
        """Everything metered, by key, as JSON."""
        return {
            key: {
                "used": self.used(key, now=now),
                "most": self.most(key),
                "total": self._totals[key],
                "refused": self._refused[key],
            }
            for key in sorted({*self._windows, *self._refused})
        }

    def _current(self, key: str, now: datetime) -> _Window:
        window = self._windows.setdefault(key, _Window())
        while window.spent and window.spent[0][0] <= now - self.window:
            window.units -= window.spent.popleft()[1]
        return window
