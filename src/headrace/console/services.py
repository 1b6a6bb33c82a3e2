"""What a site serves beside the console's pages: the API, metrics and health."""

from collections.abc import Collection

from starlette.requests import HTTPConnection
from starlette.routing import BaseRoute, Mount

from headrace.app import Headrace
from headrace.console.access.access import Access
from headrace.console.access.principal import Authenticate, Principal
from headrace.console.api import create_api
from headrace.console.metrics import Metrics, health_routes, metrics_route


def with_tokens(authenticate: Authenticate, access: Access) -> Authenticate:
    """Knows whom `authenticate` knows, and those who come with a token of ours."""

    async def either(request: HTTPConnection) -> Principal | None:
        principal = await authenticate(request)
        is_ours = request.headers.get("authorization", "").lower().startswith("bearer hr_")
        return await access.authenticate(request) if principal is None and is_ours else principal

    return either


def service_routes(app: Headrace, *, authenticate: Authenticate, trusted: Collection[str] = ()) -> list[BaseRoute]:
    """`/api`, `/metrics` and `/health`, for any Starlette application.

    The API and the metrics are for whom `authenticate` knows, health is for anybody. `trusted` as for `create_api`.
    Measures from now on what this process does.
    """
    return [
        Mount("/api", create_api(app, authenticate=authenticate, trusted=trusted), name="api"),
        metrics_route(Metrics(app), authenticate=authenticate),
        *health_routes(app),
    ]
