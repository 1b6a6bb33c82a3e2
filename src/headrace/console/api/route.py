"""The route of the API: lets in who may, records what changes something, and answers errors as problems."""

import json
import logging
from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps
from typing import Any, cast

import msgspec
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from headrace.app import Headrace
from headrace.console.access.origin import SAFE_METHODS
from headrace.console.access.principal import Authenticate, Principal, Role
from headrace.console.access.problem import Problem, ProblemError, unauthenticated
from headrace.console.access.recording import recorded
from headrace.console.api.failure import problem_of
from headrace.console.api.idempotency import key_of, repeated
from headrace.console.api.need import AREA, ROLE
from headrace.console.api.text import require_text

_NOT_RECORDED = frozenset({"args", "data", "metadata"})
"""Fields of a body that may hold what people wrote, and stand in the job or event themselves."""
_MOST_RECORDED = 4_000
_CLOSED = Problem(503, "the database has not been reached yet; try again", {"retry-after": "5"})

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def principal_of(request: Request) -> Principal:
    """Who sent a request that a route has let in."""
    return cast("Principal", request.state.principal)


def guarded_route(app: Headrace, authenticate: Authenticate) -> type[APIRoute]:
    """The class of an app's routes. What a route needs is given with `needs`, what it gives by its annotation."""

    class GuardedRoute(APIRoute):
        def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
            status = options.get("status_code") or 200
            options["response_model"] = None
            super().__init__(path, _answering(endpoint, status), **options)

        def get_route_handler(self) -> Handler:
            handle = super().get_route_handler()
            extra: dict[str, Any] = self.openapi_extra or {}
            role: Role = extra[ROLE]
            area: str = extra[AREA]

            async def guarded(request: Request) -> Response:
                try:
                    _require_open(app)
                    request.state.principal = await _let_in(request, authenticate, role, area)
                    if request.method in SAFE_METHODS:
                        require_text(request, b"")
                        return await handle(request)
                    return await _change(app, request, f"{area}.{self.name}", handle)
                except Exception as error:  # noqa: BLE001 - whatever it is, it is answered
                    problem = problem_of(error)
                    if problem is None:
                        app.telemetry.emit("api.failed", level=logging.ERROR, error=error, action=f"{area}.{self.name}")
                        problem = Problem(500, "this failed for a reason that nobody expected; it has been logged")
                    return problem.response()

            return guarded

    return GuardedRoute


def _answering(endpoint: Callable[..., Awaitable[Any]], status: int) -> Callable[..., Awaitable[Response]]:
    """The endpoint, its value as the JSON of a response. A `response` it takes may set status and headers."""

    @wraps(endpoint)
    async def answer(*args: Any, **options: Any) -> Response:
        value = await endpoint(*args, **options)
        said: Response | None = options.get("response")
        return Response(
            msgspec.json.encode(value),
            status_code=status if said is None else said.status_code or status,
            media_type="application/json",
            headers={"cache-control": "no-store", **({} if said is None else said.headers)},
        )

    return answer


def _require_open(app: Headrace) -> None:
    if not app.is_open:
        raise ProblemError(_CLOSED)


async def _let_in(request: Request, authenticate: Authenticate, role: Role, area: str) -> Principal:
    principal = await authenticate(request)
    if principal is None:
        raise ProblemError(unauthenticated())
    if not principal.may(role, area):
        raise ProblemError(
            Problem(
                403,
                f"{principal.name} is {principal.role}{_inside(principal)}; this needs {role} in {area}",
                more={"needs": {"role": role, "area": area}},
            )
        )
    return principal


def _inside(principal: Principal) -> str:
    return f" in {', '.join(sorted(principal.scopes))}" if principal.scopes else ""


async def _change(app: Headrace, request: Request, action: str, handle: Handler) -> Response:
    """Does what changes something: recorded, and under its key once."""
    content = await request.body()
    require_text(request, content)
    key = key_of(request, content)
    subject = {**request.path_params, **request.query_params, **_facts(content)}
    async with recorded(app, request, principal_of(request), action, subject, key=key) as record:
        if record.earlier is not None and key is not None:
            return repeated(record.earlier, key)
        request.state.record = record
        try:
            response = await handle(request)
        except Exception as error:
            problem = problem_of(error)
            if problem is None:
                raise
            response = problem.response()
        record.status = response.status_code
        record.answer = bytes(response.body)
        return response


def _facts(content: bytes) -> dict[str, Any]:
    """What of a body is recorded: all but what may hold what people wrote, unless it is long."""
    try:
        found = json.loads(content) if content else None
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict) or len(content) > _MOST_RECORDED:
        return {}
    given = cast("dict[str, Any]", found)
    return {name: value for name, value in given.items() if name not in _NOT_RECORDED}
