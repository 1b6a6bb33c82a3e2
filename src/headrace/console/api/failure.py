"""Which problem an error behind a route is answered with."""

from collections.abc import Sequence
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from headrace.console.access.problem import Problem, ProblemError
from headrace.db.errors import LOCKED, UNSTORABLE
from headrace.db.pool import CONNECTION_ERRORS
from headrace.errors import (
    EventIdTakenError,
    HeadraceError,
    JobNotFoundError,
    LimitNotFoundError,
    OperationNotFoundError,
    ParkedStreamNotFoundError,
    ProjectionNotFoundError,
    ReplayNotFoundError,
    ScheduleExistsError,
    ScheduleNotFoundError,
    SchemaError,
    SecretKeyError,
    SubjectNotFoundError,
    SubscriptionNotFoundError,
    SubscriptionServedError,
    TokenNotFoundError,
    UniqueKeyHeldError,
    WrongVersionError,
)

_NOT_FOUND = (
    JobNotFoundError,
    LimitNotFoundError,
    OperationNotFoundError,
    ParkedStreamNotFoundError,
    ProjectionNotFoundError,
    ReplayNotFoundError,
    ScheduleNotFoundError,
    SubjectNotFoundError,
    SubscriptionNotFoundError,
    TokenNotFoundError,
)
_CONFLICT = (
    EventIdTakenError,
    ScheduleExistsError,
    SubscriptionServedError,
    UniqueKeyHeldError,
    WrongVersionError,
)
_LONGEST_DETAIL = 2_000


def problem_of(error: Exception) -> Problem | None:
    """The problem an error is told as; None for one that nobody expected."""
    match error:
        case ProblemError():
            return error.problem
        case RequestValidationError():
            faults = _faults(error.errors())
            return Problem(422, "; ".join(faults)[:_LONGEST_DETAIL], more={"errors": faults})
        case HTTPException():
            return Problem(error.status_code, error.detail[:_LONGEST_DETAIL], error.headers or {})
        case HeadraceError():
            return _told(_status_of(error), error)
        case _:
            return _of_driver(error)


def _status_of(error: HeadraceError) -> int:
    if isinstance(error, _NOT_FOUND):
        return 404
    if isinstance(error, _CONFLICT):
        return 409
    return 503 if isinstance(error, (SchemaError, SecretKeyError)) else 422


def _of_driver(error: Exception) -> Problem | None:
    if isinstance(error, LOCKED):
        return Problem(409, "somebody else holds what this needs; try again", {"retry-after": "1"})
    if isinstance(error, (*UNSTORABLE, OverflowError, UnicodeError)):
        return Problem(422, f"a value cannot be stored: {error}"[:_LONGEST_DETAIL])
    if isinstance(error, CONNECTION_ERRORS):
        return Problem(503, "the database cannot be reached; try again", {"retry-after": "5"})
    return None


def _told(status: int, error: HeadraceError) -> Problem:
    return Problem(status, str(error)[:_LONGEST_DETAIL], more={"error": type(error).__name__})


def _faults(errors: Sequence[Any]) -> list[str]:
    """What is wrong with a request, one line each: where, and why."""
    return [f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in errors]
