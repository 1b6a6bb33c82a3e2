"""How often somebody may try to log in."""

import math
from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta

from headrace.errors import ConfigurationError

_MOST_KEYS = 10_000


class Attempts:
    """A bucket of attempts for each address, and one for all of them together; in this process, in bounded memory.

    `most` can be used at once and come back over `period`; all addresses together have `in_all`. `seconds` is a
    clock that only goes forward. Tokens cannot be guessed: this keeps strangers from occupying the database.
    """

    def __init__(
        self,
        *,
        most: int = 10,
        in_all: int = 200,
        period: timedelta = timedelta(minutes=1),
        seconds: Callable[[], float],
    ) -> None:
        if most < 1 or in_all < most or period <= timedelta(0):
            raise ConfigurationError(
                f"attempts must be 1 <= most <= in_all in a period, got {most}, {in_all}, {period}"
            )
        self._most = {False: most, True: in_all}
        self._period = period.total_seconds()
        self._seconds = seconds
        self._buckets: OrderedDict[str | None, tuple[float, float]] = OrderedDict()

    def take(self, address: str) -> int:
        """Takes one attempt; how many seconds until there is another where there is none, else 0."""
        waits = [self._wait(key) for key in (address, None)]
        if any(waits):
            return max(waits)
        for key in (address, None):
            left, at = self._left(key)
            self._buckets[key] = left - 1, at
            self._buckets.move_to_end(key)
        while len(self._buckets) > _MOST_KEYS:
            self._buckets.popitem(last=False)
        return 0

    def _wait(self, key: str | None) -> int:
        left, _ = self._left(key)
        return 0 if left >= 1 else math.ceil((1 - left) * self._period / self._most[key is None])

    def _left(self, key: str | None) -> tuple[float, float]:
        most, now = self._most[key is None], self._seconds()
        left, at = self._buckets.get(key, (float(most), now))
        return min(most, left + (now - at) * most / self._period), now
