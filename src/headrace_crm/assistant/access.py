"""Who may use the server over HTTP: those with a token of the database, as for its other pages."""

from collections.abc import Mapping
from typing import Final

from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import AccessToken

from headrace import Headrace
from headrace.console import Principal, Role
from headrace.console.access import find_token
from headrace_crm.errors import CrmError

READ: Final = "read"
ACT: Final = "act"


class ActorRefusedError(CrmError):
    """Who asks may look and not act."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} may look and not act; use a token of the role operator: "
            "headrace tokens create NAME --role operator"
        )
        self.name = name


class DatabaseTokens:
    """Finds who comes with a token; what `mcp` calls a token verifier."""

    def __init__(self, app: Headrace) -> None:
        self._app = app

    async def verify_token(self, token: str) -> AccessToken | None:
        """Whose token it is and how far it reaches; None for one that is unknown, expired or revoked."""
        async with self._app.pool.acquire() as connection:
            principal = await find_token(connection, token.strip(), now=self._app.clock.override())
        if principal is None:
            return None
        return AccessToken(token=token, client_id=principal.name, scopes=_scopes(principal))


def require_actor(*, is_remote: bool) -> None:
    """Lets through whom this call may act for. Raises ActorRefusedError.

    Whoever started the process on its own pipes may act; over HTTP, a token of an operator may.
    """
    if not is_remote:
        return
    token = get_access_token()
    if token is None or ACT not in token.scopes:
        raise ActorRefusedError("nobody that is known" if token is None else token.client_id)


def caller(*, is_remote: bool) -> str | None:
    """The name of the token a call came with; None where it came over pipes."""
    token = get_access_token() if is_remote else None
    return None if token is None else token.client_id


def _scopes(principal: Principal) -> list[str]:
    # The area of the CRM's pages too: a token restricted to others says nothing about people.
    needed: Mapping[str, Role] = {READ: "viewer", ACT: "operator"}
    return [scope for scope, role in needed.items() if principal.may(role, "subjects")]
