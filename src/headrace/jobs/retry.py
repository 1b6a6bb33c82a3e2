"""When to try again: the curve, its jitter, and which errors are worth it."""

import math
from dataclasses import dataclass
from datetime import timedelta

_EXPONENT_LIMIT = 62


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Exponential back-off with jitter.

    After attempt n (from 1) the wait is `unit * factor**n` plus up to `jitter`, at most `cap`; the
    defaults give 2^n seconds plus up to a second, at most five minutes. `retry_on` limits retries to
    these exceptions; `discard_on` names those never retried and wins over it.
    """

    unit: timedelta = timedelta(seconds=1)
    factor: float = 2.0
    jitter: timedelta = timedelta(seconds=1)
    cap: timedelta = timedelta(minutes=5)
    retry_on: tuple[type[BaseException], ...] = (Exception,)
    discard_on: tuple[type[BaseException], ...] = ()

    def __post_init__(self) -> None:
        for name in ("unit", "jitter", "cap"):
            if getattr(self, name) < timedelta(0):
                raise ValueError(f"{name} must not be negative, got {getattr(self, name)}")
        if self.factor < 1:
            raise ValueError(f"factor must be at least 1, got {self.factor}; use 1 for a constant wait")

    def delay(self, attempt: int, *, chance: float) -> timedelta:
        """The wait after attempt `attempt`; `chance` in [0, 1) is the jitter's draw."""
        unit = self.unit.total_seconds()
        try:
            seconds = unit * self.factor ** min(attempt, _EXPONENT_LIMIT)
        except OverflowError:
            seconds = math.inf if unit else 0.0
        seconds += self.jitter.total_seconds() * chance
        return timedelta(seconds=min(seconds, self.cap.total_seconds()))

    def is_retryable(self, error: BaseException) -> bool:
        """True where this error is worth another attempt."""
        return isinstance(error, self.retry_on) and not isinstance(error, self.discard_on)
