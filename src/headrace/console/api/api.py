"""`create_api`: the HTTP API of an app, to be mounted in any ASGI application."""

from collections.abc import Collection
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from headrace.app import Headrace
from headrace.console.access.body import BodyLimit
from headrace.console.access.headers import SecurityHeaders
from headrace.console.access.origin import OriginGuard
from headrace.console.access.principal import Authenticate
from headrace.console.api.document import document
from headrace.console.api.events import event_routes
from headrace.console.api.failure import problem_of
from headrace.console.api.job_actions import job_action_routes
from headrace.console.api.jobs import job_routes
from headrace.console.api.operations import operation_routes
from headrace.console.api.projections import projection_routes
from headrace.console.api.queues import limit_routes, queue_routes
from headrace.console.api.replays import replay_routes
from headrace.console.api.retention import retention_routes
from headrace.console.api.route import guarded_route
from headrace.console.api.schedules import schedule_routes
from headrace.console.api.secret_keys import secret_key_routes
from headrace.console.api.subscriptions import subscription_routes
from headrace.console.api.system import subject_routes, system_routes, token_routes

LARGEST_BODY = 4 * 1024 * 1024

_ABOUT = (
    "Everything that can be done by command can be done here. Lists come in pages: `next` is the `cursor` of the one "
    "after. Errors are `application/problem+json`. A write with an `Idempotency-Key` is done once. Each route says the "
    "role (`x-headrace-role`) and the area (`x-headrace-area`) that a token needs."
)


def create_api(app: Headrace, *, authenticate: Authenticate, trusted: Collection[str] = ()) -> ASGIApp:
    """The API of an app, to be mounted at `/api` or wherever; its document is at `openapi.json` there.

    `authenticate` says who sends a request, for all routes but the document. `trusted` are further origins whose
    pages may call it. Whoever mounts it opens the app.
    """
    return SecurityHeaders(
        OriginGuard(BodyLimit(bare_api(app, authenticate), most=LARGEST_BODY), is_strict=True, trusted=trusted)
    )


def openapi(app: Headrace) -> dict[str, Any]:
    """The OpenAPI document of an app's API; asks no database."""

    async def nobody(_request: object) -> None: ...

    return bare_api(app, nobody).openapi()


def bare_api(app: Headrace, authenticate: Authenticate) -> FastAPI:
    """The API without what stands around it."""
    api = FastAPI(
        title="Headrace",
        version=version("headrace"),
        description=_ABOUT,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers={HTTPException: _refused},
        generate_unique_id_function=lambda route: f"{route.tags[0]}_{route.name.rstrip('_')}",
    )
    router = api.router
    router.route_class = guarded_route(app, authenticate)
    job_routes(app, router)
    job_action_routes(app, router)
    queue_routes(app, router)
    limit_routes(app, router)
    schedule_routes(app, router)
    event_routes(app, router)
    retention_routes(app, router)
    subscription_routes(app, router)
    projection_routes(app, router)
    replay_routes(app, router)
    operation_routes(app, router)
    system_routes(app, router)
    subject_routes(app, router)
    secret_key_routes(app, router)
    token_routes(app, router)
    api.openapi = lambda: document(api)

    async def show(_request: Request) -> JSONResponse:
        return JSONResponse(api.openapi())

    api.add_route("/openapi.json", show, methods=["GET"], include_in_schema=False)
    return api


async def _refused(_request: Request, error: Exception) -> Response:
    """What the router itself refuses: an address that is not there, a method that is not for it."""
    problem = problem_of(error)
    assert problem is not None  # noqa: S101 - it is the router's own
    return problem.response()
