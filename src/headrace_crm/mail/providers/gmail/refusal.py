"""What an answer that is no success means: pure. Sources: Gmail API guide, "Resolve errors"; RFC 9110, section 15."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from headrace_crm.kit.http import retry_after
from headrace_crm.mail.provider import LimitedError, ProviderError, RefusedError, UnavailableError

OK: Final = 200
UNAUTHENTICATED: Final = 401
NOT_FOUND: Final = 404
BAD_REQUEST: Final = 400
_FORBIDDEN: Final = 403
_TOO_MANY: Final = 429
_TIMED_OUT: Final = 408
_SERVER_FAULT: Final = 500

_LIMITS: Final = frozenset(
    {"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "dailyLimitExceeded", "RATE_LIMIT_EXCEEDED"}
)


class _Detail(msgspec.Struct):
    reason: str = ""


class _Error(msgspec.Struct):
    message: str = ""
    errors: list[_Detail] = []
    status: str = ""


class _Body(msgspec.Struct):
    error: _Error = msgspec.field(default_factory=_Error)


def refusal(status: int, headers: Mapping[str, str], body: bytes, *, now: datetime) -> ProviderError:
    """The error that a status other than success stands for.

    403 is a limit by its reasons alone; without one of them, something is not allowed.
    """
    error = _read(body)
    reason = next((detail.reason for detail in error.errors if detail.reason), error.status) or "unknown"
    text = f"Gmail answered {status} {reason}: {error.message[:200] or 'without a word'}"
    if status == _TOO_MANY or (status == _FORBIDDEN and reason in _LIMITS):
        return LimitedError(text, retry_after(headers, now))
    if status >= _SERVER_FAULT or status == _TIMED_OUT:
        return UnavailableError(text, retry_after(headers, now))
    return RefusedError(status, reason, error.message[:200])


def _read(body: bytes) -> _Error:
    try:
        return msgspec.json.decode(body, type=_Body).error
    except msgspec.MsgspecError:
        return _Error()
