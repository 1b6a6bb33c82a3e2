"""When to try again: the curve, its jitter, and which errors are worth it."""

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from headrace.errors import ConfigurationError
from headrace.jobs.duration import require_duration

_EXPONENT_LIMIT = 62


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Exponential back-off with jitter.

    After attempt n (from 1) the wait is `unit * factor**n` plus up to `jitter`, at most `cap`; the
    defaults give 2^n seconds plus up to a second, at most five minutes. `retry_on` limits retries to
    these exceptions; `discard_on` names those never retried and wins over it. Raises ConfigurationError
    for what is out of range.
    """

    unit: timedelta = timedelta(seconds=1)
    factor: float = 2.0
    jitter: timedelta = timedelta(seconds=1)
    cap: timedelta = timedelta(minutes=5)
    retry_on: tuple[type[BaseException], ...] = (Exception,)
    discard_on: tuple[type[BaseException], ...] = ()

    def __post_init__(self) -> None:
        for name in ("unit", "jitter", "cap"):
            require_duration(getattr(self, name), name=name)
        if not 1 <= self.factor < math.inf:
            raise ConfigurationError(f"factor must be at least 1, got {self.factor}; use 1 for a constant wait")
        for name in ("retry_on", "discard_on"):
            _require_exceptions(getattr(self, name), name=name)

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


def _require_exceptions(value: object, *, name: str) -> None:
    """Anything else would be met only when a handler raises, where nobody could judge its error."""
    kinds = cast("tuple[object, ...]", value) if isinstance(value, tuple) else None
    if kinds is None or not all(isinstance(kind, type) and issubclass(kind, BaseException) for kind in kinds):
        raise ConfigurationError(
            f"{name} must be a tuple of exception classes, got {value!r}; write (ConnectionError,)"
        )
