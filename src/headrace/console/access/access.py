"""`Access`: who is asking, found by a bearer token or a browser's session."""

from collections.abc import Awaitable, Callable
from typing import Literal, TypeAlias

from starlette.requests import HTTPConnection

from headrace.app import Headrace
from headrace.console.access.principal import Principal
from headrace.console.access.sessions import SessionPolicy, begin_session, end_session, find_session
from headrace.console.access.tokens import find_token
from headrace.transaction import Transaction

COOKIE = "headrace_session"

SessionChange: TypeAlias = Literal["signed_in", "signed_out"]
TellSession: TypeAlias = Callable[[Transaction, Principal, SessionChange], Awaitable[None]]
"""Is told of a session in the transaction that begins or ends it; what it raises undoes that."""


class Access:
    """Lets those in who come with a token of the app's database, or with the cookie of a session begun with one.

    `authenticate` is what the console asks where its host gives it nothing else. `tell` hears of sessions that somebody
    begins or ends; of those that run out, or go with their token, nobody is told.
    """

    def __init__(
        self, app: Headrace, *, sessions: SessionPolicy | None = None, tell: TellSession | None = None
    ) -> None:
        self._app = app
        self._tell = tell
        self.sessions = sessions or SessionPolicy()

    async def authenticate(self, request: HTTPConnection) -> Principal | None:
        """Who sent a request; None for nobody. A bearer token counts alone where there is one, be it good or not."""
        header = request.headers.get("authorization")
        cookie = request.cookies.get(COOKIE)
        now = self._app.clock.override()
        if header is not None:
            scheme, _, secret = header.partition(" ")
            if scheme.lower() != "bearer":
                return None
            async with self._app.pool.acquire() as connection:
                return await find_token(connection, secret.strip(), now=now)
        if not cookie:
            return None
        async with self._app.pool.acquire() as connection:
            return await find_session(connection, cookie, policy=self.sessions, now=now)

    async def log_in(self, token: str, *, before: str | None = None) -> tuple[Principal, str] | None:
        """Begins a session with a token; whose it is and the cookie's value. None where the token is worth nothing.

        `before` is the cookie the browser came with, whose session ends.
        """
        now = self._app.clock.override()
        async with self._app.transaction() as tx:
            principal = await find_token(tx.connection, token.strip(), now=now)
            if principal is None:
                return None
            await self._tell_end(tx, before)
            cookie = await begin_session(tx.connection, principal, policy=self.sessions, before=before, now=now)
            if self._tell is not None:
                await self._tell(tx, principal, "signed_in")
        return principal, cookie

    async def log_out(self, cookie: str) -> None:
        """Ends the session of a cookie."""
        async with self._app.transaction() as tx:
            await self._tell_end(tx, cookie)
            await end_session(tx.connection, cookie)

    async def _tell_end(self, tx: Transaction, cookie: str | None) -> None:
        if self._tell is None or cookie is None:
            return
        principal = await find_session(tx.connection, cookie, policy=self.sessions, now=self._app.clock.override())
        if principal is not None:
            await self._tell(tx, principal, "signed_out")
