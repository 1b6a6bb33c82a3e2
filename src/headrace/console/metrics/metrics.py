"""`Metrics`: what an app's process measures, and how its database stands, in the text that Prometheus reads."""

import asyncio
import time
from datetime import timedelta

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from headrace.app import Headrace
from headrace.console.access.principal import Authenticate
from headrace.console.access.problem import Problem, unauthenticated
from headrace.console.metrics.series import Series
from headrace.db.pool import CONNECTION_ERRORS
from headrace.doctor.state import Sample, read_state
from headrace.errors import ConfigurationError, HeadraceError
from headrace.telemetry import measures as m
from headrace.telemetry.measures import MEASURES
from headrace.telemetry.measuring import Measuring

_OF_DATABASE = tuple(one for one in MEASURES if one.origin == "database" and one is not m.UP)
_PATIENCE = timedelta(seconds=5)


class Metrics:
    """Measures what this process does from now on; make one a process, before the app works.

    With `has_state` it also asks the database how it stands, at most every `fresh`, and says nothing of it while it
    cannot be reached.
    """

    def __init__(self, app: Headrace, *, has_state: bool = True, fresh: timedelta = timedelta(seconds=5)) -> None:
        if fresh < timedelta(0):
            raise ConfigurationError(f"fresh must not be negative, got {fresh}; use timedelta(seconds=5)")
        self._app = app
        self._has_state = has_state
        self._fresh = fresh.total_seconds()
        self._read_at: float | None = None
        self._reading = asyncio.Lock()
        self.series = Series()
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self.series)
        app.telemetry.subscribe(Measuring(self.series))

    async def text(self, accept: str = "") -> tuple[bytes, str]:
        """All of it as it is now, and the type of the text, which is one that `accept` names."""
        if self._app.is_open:
            used, free = self._app.pool.usage
            self.series.show([Sample(m.POOL, ("used",), used), Sample(m.POOL, ("free",), free)])
        if self._has_state:
            await self._refresh()
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type

    async def _refresh(self) -> None:
        async with self._reading:
            if self._read_at is not None and time.monotonic() - self._read_at < self._fresh:
                return
            try:
                async with asyncio.timeout(_PATIENCE.total_seconds()), self._app.pool.acquire() as connection:
                    found = await read_state(connection, now=self._app.clock.override())
            except (HeadraceError, *CONNECTION_ERRORS):
                self.series.forget(_OF_DATABASE)
                self.series.show([Sample(m.UP, (), 0.0)])
            else:
                self.series.forget(_OF_DATABASE)
                self.series.show([*found, Sample(m.UP, (), 1.0)])
            self._read_at = time.monotonic()


def metrics_route(metrics: Metrics, *, authenticate: Authenticate | None = None, path: str = "/metrics") -> Route:
    """Serves it: to viewers of `system` where `authenticate` is given, else to whoever can reach it."""

    async def show(request: Request) -> Response:
        if authenticate is not None:
            principal = await authenticate(request)
            if principal is None:
                return unauthenticated().response()
            if not principal.may("viewer", "system"):
                return Problem(403, f"{principal.name} may not look at system").response()
        content, content_type = await metrics.text(request.headers.get("accept", ""))
        return Response(content, headers={"content-type": content_type, "cache-control": "no-store"})

    return Route(path, show, methods=["GET"], name="metrics")
