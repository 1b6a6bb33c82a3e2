"""Limits of a service by route, and what it charged."""

import math
from collections import Counter
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from headrace_crm.sandbox.quota import Meter


class Metering:
    """Counts the calls of each route in a sliding window, refuses those beyond, and adds up what was charged.

    Safe for threads. `most` and `refused` are what tests look at: a client that stays below a limit in every window has
    nothing refused.
    """

    def __init__(self, window: timedelta) -> None:
        self._meter = Meter(window)
        self._lock = Lock()
        self._charged: Counter[str] = Counter()

    def call(self, route: str, *, limit: int | None, now: datetime) -> timedelta | None:
        """Counts a call; how long until it would be let through, where it is not."""
        with self._lock:
            wait = self._meter.wait(route, 1, limit=limit, now=now)
            if wait is None:
                self._meter.charge(route, 1, now=now)
            return wait

    def charge(self, what: str, count: int) -> None:
        """Adds to what was charged."""
        with self._lock:
            self._charged[what] += count

    def charged(self, what: str) -> int:
        """How much was charged of something."""
        with self._lock:
            return self._charged[what]

    def used(self, route: str, *, now: datetime) -> int:
        """Calls of a route in the window that ends now."""
        with self._lock:
            return self._meter.used(route, now=now)

    def most(self, route: str) -> int:
        """The most calls of a route in any window."""
        with self._lock:
            return self._meter.most(route)

    def refused(self) -> int:
        """How many calls were refused."""
        with self._lock:
            return self._meter.refused()

    def snapshot(self, *, now: datetime) -> dict[str, Any]:
        """Everything counted, as JSON."""
        with self._lock:
            return {"windows": self._meter.snapshot(now=now), "charged": dict(self._charged)}


def seconds_up(span: timedelta) -> int:
    """Whole seconds, at least one."""
    return max(1, math.ceil(span.total_seconds()))
