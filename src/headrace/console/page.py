"""What a page is made with: its template, its addresses, who looks at it."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from starlette.datastructures import FormData
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, RedirectResponse

from headrace.console.access import Principal, Role, read_form

if TYPE_CHECKING:
    from headrace.console.site import Site


def site_of(request: HTTPConnection) -> "Site":
    """The console that a request came to."""
    return request.scope["headrace.console"]


def principal_of(request: HTTPConnection) -> Principal:
    """Who asks."""
    return request.scope["headrace.principal"]


def url_of(request: HTTPConnection, path: str, query: Mapping[str, Any] | None = None) -> str:
    """The address of a path of the console, wherever it is mounted; what is empty of the query is left out.

    A value that is a list stands once for each of its items.
    """
    given = {name: value for name, value in (query or {}).items() if value not in (None, "", [], ())}
    root: str = request.scope["headrace.root"]
    return f"{root}{path}" + (f"?{urlencode(given, doseq=True)}" if given else "")


def render(request: Request, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    """A page of a template, `console/...` or `<section>/...`, with what every page knows.

    That is `request`, `principal`, `may(role, area)`, `url(path, query)`, `static(file)`, `site` and `here`, the path
    that was asked for, from the console's root.
    """
    site = site_of(request)
    principal: Principal | None = request.scope.get("headrace.principal")
    here = request.scope["path"].removeprefix(request.scope["headrace.root"]) or "/"

    def may(role: Role, area: str | None = None) -> bool:
        return principal is not None and principal.may(role, area)

    def static(file: str) -> str:
        return url_of(request, f"/static/{site.version}/{file}")

    content = site.templates.get_template(template).render(
        request=request,
        site=site,
        principal=principal,
        may=may,
        url=partial(url_of, request),
        static=static,
        here=here,
        **context,
    )
    return HTMLResponse(content, status, headers={"cache-control": "no-store"})


async def form_of(request: Request) -> FormData:
    """The fields of a posted form; none where it is anything else. Raises ProblemError where it is too large."""
    return FormData([(name, value) for name, values in (await read_form(request)).items() for value in values])


def redirect(request: HTTPConnection, path: str, query: Mapping[str, Any] | None = None) -> RedirectResponse:
    """Sends the browser to a path of the console, to GET it; what follows an action."""
    return RedirectResponse(url_of(request, path, query), 303)
