"""What is kept of a handler's failure, and how long its lane rests after it."""

from datetime import timedelta
from uuid import UUID

_LONGEST = timedelta(minutes=5)
_JITTER = 0.1
_MESSAGE_LENGTH = 2000


def retry_delay(failure_count: int, *, jitter: float) -> timedelta:
    """The rest after the n-th failure in a row (from 1): 2^n s, at most five minutes, and up to a tenth more.

    `jitter` is from 0 to 1 and spreads lanes that failed together.
    """
    seconds = min(2.0 ** min(failure_count, 16), _LONGEST.total_seconds())
    return timedelta(seconds=seconds * (1 + _JITTER * jitter))


def describe_failure(error: BaseException, *, position: int, event_id: UUID, event_type: str) -> dict[str, object]:
    """The facts of a failure as JSON can keep them: the error, and the event it happened on."""
    message = str(error).replace("\0", "").encode(errors="replace").decode()
    return {
        "error": type(error).__qualname__,
        "message": message[:_MESSAGE_LENGTH],
        "position": position,
        "event_id": str(event_id),
        "event_type": event_type,
    }
