"""What stands before every page: who asks, from where, and how far they may go. Plain ASGI."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from headrace.console.access import Principal, Role
from headrace.console.access.origin import SAFE_METHODS
from headrace.console.failures import out_of_reach
from headrace.console.page import redirect, render, url_of
from headrace.console.site import Site
from headrace.db.pool import CONNECTION_ERRORS
from headrace.web.origin import is_foreign

_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)+")
_OPEN_PATHS = frozenset({"/login", "/logout"})

AREA_OF: Mapping[str, str] = MappingProxyType(
    {
        "": "system",
        "live": "system",
        "jobs": "jobs",
        "dead": "jobs",
        "operations": "operations",
        "queues": "queues",
        "limits": "limits",
        "schedules": "schedules",
        "workers": "workers",
        "events": "events",
        "streams": "events",
        "trace": "events",
        "subscriptions": "subscriptions",
        "projections": "projections",
    }
)
"""What somebody restricted to some areas has to have, by the first part of a path."""


class Shield:
    """Lets in who is known, as far as they may go."""

    def __init__(self, inner: ASGIApp, site: Site) -> None:
        self._inner = inner
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope = {**scope, "headrace.console": self._site}
        headers = Headers(scope=scope)
        scope["headrace.root"] = scope.get("root_path", "").rstrip("/")
        request = Request(scope, receive)
        answer = await self._check(request, headers)
        await (answer or self._inner)(scope, receive, send)
        if request.method not in SAFE_METHODS:
            self._site.pulse.spoil()

    async def _check(self, request: Request, headers: Headers) -> ASGIApp | None:
        """The answer to one who is not let through; None for one who is."""
        path: str = request.scope["path"].removeprefix(request.scope["headrace.root"])
        if request.method not in SAFE_METHODS and is_foreign(headers):
            return _refuse(request, 403, "Not from this site", "Another site asked for this. Do it in the console.")
        if path.startswith("/static/"):
            return None
        try:
            await self._site.ensure_open()
            principal = await self._site.authenticate(request)
        except (*CONNECTION_ERRORS, TimeoutError) as error:
            return await out_of_reach(request, error)
        request.scope["headrace.principal"] = principal
        if path in _OPEN_PATHS and self._site.access is not None:
            return None
        return self._ask_who(request, path) if principal is None else _bound(request, principal, path)

    def _ask_who(self, request: Request, path: str) -> ASGIApp:
        """To the form to log in with, where there is one and a browser asked for a page."""
        is_page = request.method == "GET" and path != "/live" and "authorization" not in request.headers
        if self._site.access is not None and is_page:
            query = f"?{request.url.query}" if request.url.query else ""
            return redirect(request, "/login", {"next": url_of(request, path) + query})
        return _refuse(request, 401, "Please sign in", "You are not signed in, or your session has ended.")


def _bound(request: Request, principal: Principal, path: str) -> ASGIApp | None:
    """What is told to somebody who may not go so far; None to one who may."""
    area = AREA_OF.get(path.split("/")[1])
    role: Role = "viewer" if request.method in SAFE_METHODS else "operator"
    if principal.may(role, area):
        return None
    text = f"{principal.name} is a {principal.role}" + (f", but not for {area}" if principal.scopes else "")
    return _refuse(request, 403, "You may not do this", f"{text}. Whoever gave you access can change that.")


def _refuse(request: Request, status: int, heading: str, text: str) -> ASGIApp:
    return render(request, "console/refused.html", status=status, heading=heading, text=text)


def with_prefix(scope: Scope) -> Scope:
    """The request as it was before a proxy took a prefix away, which X-Forwarded-Prefix names."""
    prefix = Headers(scope=scope).get("x-forwarded-prefix", "").rstrip("/")
    if not _PREFIX.fullmatch(prefix):
        return scope
    return {**scope, "root_path": prefix + scope.get("root_path", ""), "path": prefix + scope["path"]}
