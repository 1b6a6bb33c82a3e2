"""The error answers of Google's JSON APIs, in their shape and words."""

import math
from datetime import timedelta

from headrace_crm.sandbox.answer import Answer, json_answer

_STATUS_NAMES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
_REASONS = {500: "backendError", 502: "badGateway", 503: "backendError", 504: "backendError"}


def refusal(
    status: int,
    message: str,
    *,
    reason: str,
    domain: str = "global",
    location: tuple[str, str] | None = None,
    headers: tuple[tuple[str, str], ...] = (),
) -> Answer:
    """An error; `location` is where the fault lies, as (location, locationType)."""
    detail = {"message": message, "domain": domain, "reason": reason}
    if location is not None:
        detail |= {"location": location[0], "locationType": location[1]}
    error = {"code": status, "message": message, "errors": [detail], "status": _STATUS_NAMES.get(status, "UNKNOWN")}
    return json_answer({"error": error}, status=status, headers=headers)


def invalid(message: str) -> Answer:
    """400: a parameter or a body that cannot be used."""
    return refusal(400, message, reason="invalidArgument")


def not_found(message: str = "Requested entity was not found.") -> Answer:
    """404: no such message, label, history id or page."""
    return refusal(404, message, reason="notFound")


def unauthenticated() -> Answer:
    """401: no access token, or one that is unknown or has ended."""
    return refusal(
        401,
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other "
        "valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
        reason="authError",
        location=("Authorization", "header"),
        headers=(("WWW-Authenticate", 'Bearer realm="https://accounts.google.com/", error="invalid_token"'),),
    )


def forbidden(message: str = "Request had insufficient authentication scopes.") -> Answer:
    """403: the token's scopes do not allow this."""
    return refusal(403, message, reason="insufficientPermissions")


def exhausted(status: int, *, reason: str, retry_after: timedelta | None) -> Answer:
    """403 or 429: too much at once; `Retry-After` in whole seconds, rounded up, at least 1."""
    what = "User-rate limit exceeded." if reason == "userRateLimitExceeded" else "Quota exceeded."
    seconds = None if retry_after is None else max(1, math.ceil(retry_after.total_seconds()))
    return refusal(
        status,
        what if seconds is None else f"{what}  Retry after {seconds} seconds.",
        reason=reason,
        domain="usageLimits",
        headers=() if seconds is None else (("Retry-After", str(seconds)),),
    )


def broken(status: int) -> Answer:
    """5xx: Google's own fault."""
    return refusal(status, "The service is currently unavailable.", reason=_REASONS.get(status, "backendError"))
