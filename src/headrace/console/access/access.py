"""`Access`: who is asking, found by a bearer token or a browser's session."""

from starlette.requests import HTTPConnection

from headrace.app import Headrace
from headrace.console.access.principal import Principal
from headrace.console.access.sessions import SessionPolicy, begin_session, end_session, find_session
from headrace.console.access.tokens import find_token

COOKIE = "headrace_session"


class Access:
    """Lets those in who come with a token of the app's database, or with the cookie of a session begun with one.

    `authenticate` is what the console asks where its host gives it nothing else.
    """

    def __init__(self, app: Headrace, *, sessions: SessionPolicy | None = None) -> None:
        self._app = app
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
        async with self._app.pool.acquire() as connection, connection.transaction():
            principal = await find_token(connection, token.strip(), now=now)
            if principal is None:
                return None
            cookie = await begin_session(connection, principal, policy=self.sessions, before=before, now=now)
        return principal, cookie

    async def log_out(self, cookie: str) -> None:
        """Ends the session of a cookie."""
        async with self._app.pool.acquire() as connection:
            await end_session(connection, cookie)
