"""Logging in by a form, and out: the routes of a console whose users come with tokens."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from headrace.console.access.access import COOKIE, Access
from headrace.console.access.attempts import Attempts
from headrace.console.access.body import read_form
from headrace.console.access.problem import ProblemError
from headrace.console.access.recording import client_address
from headrace.console.access.target import safe_target

_LARGEST_FORM = 8 * 1024


@dataclass(frozen=True, slots=True)
class LogInForm:
    """What the page with the form shows: where it is sent, where it leads, and what was wrong with the last try."""

    action: str
    target: str
    problem: str | None = None


LogInPage = Callable[[Request, LogInForm], Awaitable[str]]
"""Makes the page's HTML. The form posts `token` and `next`."""


async def plain_page(_request: Request, form: LogInForm) -> str:
    """The form and nothing else."""
    problem = f'<p role="alert">{escape(form.problem)}</p>' if form.problem else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Log in - Headrace</title>'
        '<meta name="viewport" content="width=device-width"></head><body><main><h1>Log in</h1>'
        f'{problem}<form method="post" action="{escape(form.action)}">'
        '<p><label>Token <input type="password" name="token" autocomplete="current-password" required></label></p>'
        f'<input type="hidden" name="next" value="{escape(form.target)}"><p><button>Log in</button></p></form>'
        "<p>Make a token with <code>headrace tokens create NAME --role operator</code>.</p></main></body></html>"
    )


def log_in_routes(
    access: Access, *, page: LogInPage = plain_page, home: str = "/", attempts: Attempts | None = None
) -> list[Route]:
    """GET and POST `/login`, POST `/logout`; relative to where the console is mounted.

    A new session is begun at each log-in, under a new cookie; the one there was ends. Tries are counted for each
    address. `home` is where it leads to without a page to go back to.
    """
    tries = attempts or Attempts(seconds=time.monotonic)

    async def show(
        request: Request, problem: str | None = None, *, target: str | None = None, status: int = 200
    ) -> Response:
        root = request.scope.get("root_path", "")
        wanted = safe_target(target or request.query_params.get("next"), default=root + home)
        form = LogInForm(f"{root}/login", wanted, problem)
        return HTMLResponse(await page(request, form), status_code=status, headers={"cache-control": "no-store"})

    async def log_in(request: Request) -> Response:
        wait = tries.take(client_address(request) or "")
        if wait:
            response = await show(request, f"too many tries; come again in {wait} seconds", status=429)
            response.headers["retry-after"] = str(wait)
            return response
        try:
            form = await read_form(request, most=_LARGEST_FORM)
        except ProblemError as error:
            return await show(request, error.problem.detail, status=error.problem.status)
        token, target = (form.get(name, [None])[0] for name in ("token", "next"))
        begun = None if token is None else await access.log_in(token, before=request.cookies.get(COOKIE))
        if begun is None:
            return await show(request, "this token is unknown, expired or revoked", target=target, status=401)
        root = request.scope.get("root_path", "")
        response = RedirectResponse(safe_target(target, default=root + home), status_code=303)
        response.set_cookie(
            COOKIE,
            begun[1],
            max_age=int(access.sessions.lifetime.total_seconds()),
            path=root or "/",
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="lax",
        )
        return response

    async def log_out(request: Request) -> Response:
        cookie = request.cookies.get(COOKIE)
        if cookie:
            await access.log_out(cookie)
        root = request.scope.get("root_path", "")
        response = RedirectResponse(f"{root}/login", status_code=303)
        response.delete_cookie(COOKIE, path=root or "/", httponly=True, samesite="lax")
        return response

    return [
        Route("/login", show, methods=["GET"], name="log_in_form"),
        Route("/login", log_in, methods=["POST"], name="log_in"),
        Route("/logout", log_out, methods=["POST"], name="log_out"),
    ]
