"""What a browser is shown where a page could not be made: what is wrong, and what to do next."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from headrace.console.access import ProblemError
from headrace.console.page import render
from headrace.db.pool import CONNECTION_ERRORS
from headrace.errors import (
    ConfigurationError,
    HeadraceError,
    JobNotFoundError,
    LimitNotFoundError,
    OperationNotFoundError,
    ParkedStreamNotFoundError,
    ProjectionNotFoundError,
    ScheduleNotFoundError,
    SubscriptionNotFoundError,
)

_MISSING = (
    JobNotFoundError,
    LimitNotFoundError,
    OperationNotFoundError,
    ParkedStreamNotFoundError,
    ProjectionNotFoundError,
    ScheduleNotFoundError,
    SubscriptionNotFoundError,
)


async def _missing(request: Request, error: Exception) -> Response:
    return _told(request, 404, "Not found", f"{error}.")


async def _wrong(request: Request, error: Exception) -> Response:
    return _told(request, 400, "That cannot be done", f"{error}.")


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)  # noqa: S101 - what this is registered for
    return _told(request, error.problem.status, "That cannot be done", f"{error.problem.detail}.")


async def out_of_reach(request: Request, error: BaseException) -> Response:
    """The answer while the database cannot be reached."""
    text = f"The database does not answer ({error or type(error).__name__}). The page is tried again by reloading it."
    return _told(request, 503, "The database is out of reach", text)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - what this is registered for
    phrase = HTTPStatus(error.status_code).phrase
    text = "There is no such page." if error.status_code == HTTPStatus.NOT_FOUND else error.detail
    return _told(request, error.status_code, phrase, text)


async def _broken(request: Request, error: Exception) -> Response:
    return _told(request, 500, "This page failed", f"{type(error).__name__}; the server's log has the traceback.")


def _told(request: Request, status: int, heading: str, text: str) -> Response:
    return render(request, "console/refused.html", status=status, heading=heading, text=text)


HANDLERS: Mapping[Any, Any] = {
    **dict.fromkeys(_MISSING, _missing),
    ConfigurationError: _wrong,
    ProblemError: _problem,
    HeadraceError: _wrong,
    **dict.fromkeys((*CONNECTION_ERRORS, TimeoutError), out_of_reach),
    HTTPException: _http,
    Exception: _broken,
}
