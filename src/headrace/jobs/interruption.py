"""Why an attempt is told to stop before its handler has ended, and what becomes of its job then."""

from datetime import timedelta
from typing import Literal

Interruption = Literal["cancel", "timeout", "shutdown", "lost"]

_MEANINGS: dict[Interruption, str] = {
    "cancel": "its job was cancelled",
    "timeout": "it took longer than its timeout",
    "shutdown": "its worker stops",
    "lost": "its job belongs to another attempt by now",
}


class Interrupted(BaseException):
    """Raised in a plain function, by its next call of its job, once its attempt is to stop.

    No `Exception`, so that `except Exception:` lets it pass. `why` says for what reason. Let it go on:
    what becomes of the job is decided outside, and every further call raises it again.
    """

    def __init__(self, why: Interruption) -> None:
        super().__init__(f"the attempt is to stop: {_MEANINGS[why]}; clean up and let this error pass")
        self.why: Interruption = why

    def __reduce__(self) -> tuple[type["Interrupted"], tuple[Interruption]]:
        return Interrupted, (self.why,)


def overtime(timeout: timedelta | None) -> TimeoutError:
    """The error of an attempt that took too long."""
    return TimeoutError(f"the attempt took longer than its timeout of {timeout}")
