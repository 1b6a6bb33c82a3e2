"""Keeps other sites from acting through a visitor's browser."""

from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from headrace.console.access.problem import Problem
from headrace.web.origin import is_foreign, normal_origins

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class OriginGuard:
    """Middleware that refuses what a page of another site sends: everything that may change something.

    With `is_strict` also what only reads, for addresses nobody links to. `trusted` are further origins to accept, as
    `https://ops.example.com`, for a proxy that changes the Host header. Programs send neither of the headers that
    this is told by, and browsers always one of them; so who sends none is let through, to be authenticated.
    """

    def __init__(self, app: ASGIApp, *, is_strict: bool = False, trusted: Collection[str] = ()) -> None:
        self._app = app
        self._is_strict = is_strict
        self._trusted = normal_origins(trusted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            is_watched = self._is_strict or scope["type"] == "websocket" or scope["method"] not in SAFE_METHODS
            if is_watched and is_foreign(Headers(scope=scope), trusted=self._trusted):
                if scope["type"] == "websocket":
                    await send({"type": "websocket.close", "code": 1008})
                    return
                await Problem(403, "this came from a page of another site").response()(scope, receive, send)
                return
        await self._app(scope, receive, send)
