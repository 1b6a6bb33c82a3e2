"""`Console`: the ASGI application of the console, and how it lives inside another or by itself."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from headrace.app import Headrace
from headrace.console import failures
from headrace.console.access import Access, Authenticate, LogInForm, SecurityHeaders, log_in_routes
from headrace.console.live.pulse import Pulse
from headrace.console.live.stream import PulseStream
from headrace.console.page import render
from headrace.console.screens import (
    bulk,
    dead,
    events,
    job,
    jobs,
    operations,
    overview,
    projections,
    queues,
    schedules,
    subscriptions,
    trace,
    workers,
)
from headrace.console.section import Section
from headrace.console.services import service_routes, with_tokens
from headrace.console.shield import Shield, with_prefix
from headrace.console.site import STATIC, Site
from headrace.db.pool import CONNECTION_ERRORS
from headrace.errors import HeadraceError
from headrace.web.signals import StopSignals

_SERVICES = (["api"], ["metrics"], ["health"])
_SMALL = 1_000
_LEVEL = 4
"""A sixth of a page is sent then, for some 0.3 ms; the highest level takes half as long again for a tenth less."""


class Console:
    """Serves the console's pages at whatever path it is mounted, and the API, metrics and health beside them.

    Whoever mounts it opens the app; where the app is closed, the first request opens it. Served by itself it opens
    and closes the app with the server, and inside another application `async with console.lifespan():` does.
    """

    def __init__(self, site: Site, pulse: Pulse, *, trusts_proxy: bool) -> None:
        self.site = site
        self._trusts_proxy = trusts_proxy
        self._pulse = pulse
        self._signals = StopSignals(pulse.end)
        knows = site.authenticate if site.access is not None else with_tokens(site.authenticate, Access(site.app))
        self._services = Starlette(routes=service_routes(site.app, authenticate=knows))
        inner = Starlette(routes=_routes(site), exception_handlers=failures.HANDLERS)
        shield = Shield(inner, site)
        self._streams = SecurityHeaders(shield)
        self._pages = SecurityHeaders(GZipMiddleware(shield, minimum_size=_SMALL, compresslevel=_LEVEL))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["type"]:
            case "http":
                await self._answer(with_prefix(scope) if self._trusts_proxy else scope, receive, send)
            case "lifespan":
                await self._live(receive, send)
            case _:
                await send({"type": "websocket.close", "code": 1003})

    @asynccontextmanager
    async def lifespan(self) -> AsyncGenerator[None]:
        """Opens the app unless it is open, and closes what it has opened; streams end first."""
        is_ours = not self.site.app.is_open
        await self.site.ensure_open()
        try:
            yield
        finally:
            await self._pulse.stop()
            if is_ours and self.site.app.is_open:
                await self.site.app.close()

    def page(self, request: Request, template: str, *, status: int = 200, **context: Any) -> Response:
        """A page in the console's dress for a route beside it, which anybody may be shown: it has no menu."""
        root = request.scope.get("root_path", "").rstrip("/")
        outside = {"headrace.console": self.site, "headrace.root": root}
        return render(Request({**request.scope, **outside}), template, status=status, **context)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"].removeprefix(scope.get("root_path", ""))
        if path.split("/")[1:2] in _SERVICES:
            with suppress(*CONNECTION_ERRORS, HeadraceError):  # each says itself that the app is not open
                await self.site.ensure_open()
            await self._services(scope, receive, send)
            return
        if not path.startswith("/live"):
            await self._pages(scope, receive, send)
            return
        # A server waits for open responses before it tells its applications to stop; these are told first.
        self._signals.begin()
        try:
            await self._streams(scope, receive, send)
        finally:
            if not self._pulse.watcher_count:
                self._signals.end()

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            async with self.lifespan():
                await send({"type": "lifespan.startup.complete"})
                await receive()
        except Exception as error:  # noqa: BLE001 - told to the server, which ends
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.shutdown.complete"})


def create_console(
    app: Headrace,
    *,
    authenticate: Authenticate | None = None,
    access: Access | None = None,
    title: str | None = None,
    sections: Sequence[Section] = (),
    trusts_proxy: bool = False,
) -> Console:
    """The console of an app, to be mounted in any ASGI application at any path, or served by itself.

    `authenticate` says who sent a request, None for nobody; a viewer looks, an operator also acts. Without it people
    log in with a token, see `Access`. `sections` add pages of the application's own. With `trusts_proxy` the header
    X-Forwarded-Prefix names the path that a proxy has taken away; only where a proxy sets it.

        console = create_console(app, authenticate=who)
        site = Starlette(routes=[Mount("/ops", console)])
    """
    form = None
    if authenticate is None:
        form = access or Access(app)
        authenticate = form.authenticate
    site = Site(
        app,
        title=title or app.name,
        sections=sections,
        access=form,
        authenticate=authenticate,
    )
    site.pulse = Pulse(app, lives={one.name: one.live for one in sections if one.live is not None})
    return Console(site, site.pulse, trusts_proxy=trusts_proxy)


def _routes(site: Site) -> list[BaseRoute]:
    static = f"/static/{site.version}"
    of_sections: list[BaseRoute] = []
    for section in site.sections:
        if section.static is not None:
            of_sections.append(Mount(f"{static}/{section.name}", KeptFiles(directory=section.static)))
        of_sections.append(Mount(f"/{section.name}", routes=list(section.routes)))
    return [
        *of_sections,
        Mount(static, KeptFiles(directory=STATIC)),
        *([] if site.access is None else log_in_routes(site.access, page=_log_in_page)),
        Route("/live", PulseStream.of),
        *overview.ROUTES,
        *bulk.ROUTES,
        *jobs.ROUTES,
        *job.ROUTES,
        *queues.ROUTES,
        *schedules.ROUTES,
        *workers.ROUTES,
        *dead.ROUTES,
        *operations.ROUTES,
        *events.ROUTES,
        *subscriptions.ROUTES,
        *projections.ROUTES,
        *trace.ROUTES,
    ]


async def _log_in_page(request: Request, form: LogInForm) -> str:
    return bytes(render(request, "console/login.html", form=form).body).decode()


class KeptFiles(StaticFiles):
    """Files whose address changes with their content: browsers keep them for good."""

    def file_response(self, *args: Any, **options: Any) -> Response:
        response = super().file_response(*args, **options)
        response.headers["cache-control"] = "public, max-age=31536000, immutable"
        return response
