"""Failures on purpose: which requests fail and how, the same ones each time."""

from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
from threading import Lock
from typing import Final, Literal, TypeAlias

import msgspec

from headrace_crm.demo.chance import chance
from headrace_crm.sandbox.counters import Counters

FaultKind: TypeAlias = Literal[
    "rate-limit", "error", "slow", "cut", "expire-token", "lose-history", "repeat-push", "lose-push"
]

AT_THE_METHOD: Final[frozenset[FaultKind]] = frozenset({"rate-limit", "error", "expire-token", "lose-history"})
"""What is answered instead of the method's own answer; in a batch, to the one call."""
ON_THE_WAY: Final[frozenset[FaultKind]] = frozenset({"slow", "cut"})
"""What happens to the answer of a whole HTTP request."""
WITH_PUSHES: Final[frozenset[FaultKind]] = frozenset({"repeat-push", "lose-push"})
"""What happens to a notification on its way to a subscription."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One kind of failure, and whom it befalls.

    - `rate-limit`: 429 with `Retry-After: retry_after`, in seconds rounded up; without where it is None.
    - `error`: `status`, such as 500 or 503.
    - `slow`: the body takes `delay` to arrive, in pieces.
    - `cut`: the connection ends in the middle of the body.
    - `expire-token`: the access token that came with the request expires, which answers 401.
    - `lose-history`: the history before now is forgotten, so that `history.list` answers 404.
    - `repeat-push`, `lose-push`: a notification (`pubsub.push`) is delivered twice, or never.

    `route` is the name of a method, where `*` stands for anything. Of the requests that fit, the first
    `after` are spared; each later one is struck with `probability`, until `count` were (None: without end).
    """

    kind: FaultKind
    route: str = "*"
    probability: float = 1.0
    count: int | None = None
    after: int = 0
    status: int = 503
    retry_after: timedelta | None = timedelta(seconds=1)
    delay: timedelta = timedelta(seconds=1)

    def __post_init__(self) -> None:
        if not 0 <= self.probability <= 1:
            raise ValueError(f"probability must be between 0 and 1, got {self.probability}; 0.05 strikes one in twenty")
        if (self.count is not None and self.count < 0) or self.after < 0:
            raise ValueError(f"count and after must not be negative, got {self.count} and {self.after}; 0 is the least")
        if not 400 <= self.status <= 599:  # noqa: PLR2004 - the statuses that are errors
            raise ValueError(f"status must be an error from 400 to 599, got {self.status}; use 503")


@dataclass(slots=True)
class _Scripted:
    fault: Fault
    number: int
    met: int = 0
    struck: int = 0


class Faults:
    """The script of failures. Safe for threads.

    The n-th request that fits a fault is struck or spared by the seed and n alone: whoever sends the same
    requests meets the same failures, and whoever sends them in another order as many.
    """

    def __init__(self, *, seed: int, counters: Counters) -> None:
        self._seed = seed
        self._counters = counters
        self._lock = Lock()
        self._script: list[_Scripted] = []
        self._number = 0

    def add(self, *faults: Fault) -> None:
        """Adds to the script; of several that fit one request, the first that strikes does."""
        with self._lock:
            for fault in faults:
                self._script.append(_Scripted(fault, self._number))
                self._number += 1

    def clear(self) -> None:
        """Ends all failures."""
        with self._lock:
            self._script.clear()

    def draw(self, route: str, *, among: frozenset[FaultKind]) -> Fault | None:
        """Which fault befalls this request, if any; the call counts as one request that fits."""
        if not self._script:
            return None
        with self._lock:
            for scripted in self._script:
                if scripted.fault.kind in among and self._strikes(scripted, route):
                    self._counters.struck(scripted.fault.kind)
                    return scripted.fault
        return None

    def snapshot(self) -> list[Fault]:
        """The script as it stands."""
        with self._lock:
            return [scripted.fault for scripted in self._script]

    def _strikes(self, scripted: _Scripted, route: str) -> bool:
        fault = scripted.fault
        if not fnmatchcase(route, fault.route):
            return False
        scripted.met += 1
        if scripted.met <= fault.after or (fault.count is not None and scripted.struck >= fault.count):
            return False
        if fault.probability < 1:
            drawn = chance(self._seed, "fault", scripted.number, scripted.met).random()
            if drawn >= fault.probability:
                return False
        scripted.struck += 1
        return True


def read_faults(text: str | bytes) -> list[Fault]:
    """Reads faults from JSON: a list of objects with the fields of `Fault`, durations in seconds.

    Raises ValueError with what is wrong and where.

    >>> read_faults('[{"kind": "error", "route": "gmail.*", "probability": 0.05, "status": 500}]')[0].status
    500
    """
    found: object = msgspec.json.decode(text)
    return msgspec.convert(found, type=list[Fault], strict=False)
