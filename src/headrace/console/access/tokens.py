"""API tokens: made, listed, revoked, and found again by what somebody shows."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from headrace.console.access.principal import Principal, Role, require_role, require_scopes
from headrace.console.access.secret import hash_of, new_token
from headrace.db.connection import Connection, Row
from headrace.db.statements import statement
from headrace.errors import ConfigurationError, TokenNotFoundError
from headrace.ids import uuid7

_PACKAGE = "headrace.console.access"

DEFAULT_LIFETIME = timedelta(days=90)
LONGEST_LIFETIME = timedelta(days=3660)


@dataclass(frozen=True, slots=True)
class ApiToken:
    """One token as it is stored: everything but itself. `used_at` is to the minute."""

    id: UUID
    name: str
    role: Role
    scopes: tuple[str, ...]
    created_at: datetime
    created_by: str
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None
    revoked_by: str | None
    is_live: bool


async def create_token(
    connection: Connection,
    name: str,
    *,
    role: Role = "viewer",
    scopes: Collection[str] = (),
    lifetime: timedelta = DEFAULT_LIFETIME,
    by: str,
    now: datetime | None = None,
) -> tuple[ApiToken, str]:
    """Makes a token; what is stored of it, and the token itself, which nobody can be shown again.

    Raises ConfigurationError for a name, role, scope or lifetime that cannot be.
    """
    Principal(name, require_role(role), frozenset(scopes))  # the same names are refused there
    require_scopes(scopes)
    if not timedelta(0) < lifetime <= LONGEST_LIFETIME:
        raise ConfigurationError(
            f"lifetime must be positive, and at most {LONGEST_LIFETIME.days} days, got {lifetime}; "
            "use timedelta(days=90)"
        )
    secret = new_token()
    row = await connection.fetchrow(
        statement(_PACKAGE, "create_token"),
        uuid7(),
        name,
        role,
        sorted(set(scopes)),
        hash_of(secret),
        by,
        lifetime,
        now,
    )
    return _read(row), secret


async def list_tokens(connection: Connection, *, now: datetime | None = None) -> list[ApiToken]:
    """All tokens there ever were, newest first."""
    return [_read(row) for row in await connection.fetch(statement(_PACKAGE, "list_tokens"), now)]


async def revoke_token(connection: Connection, token_id: UUID, *, by: str, now: datetime | None = None) -> ApiToken:
    """Makes a token worthless from now on, and ends the sessions begun with it; one that is already stays as it is.

    Wants a transaction. Raises TokenNotFoundError.
    """
    row = await connection.fetchrow(statement(_PACKAGE, "revoke_token"), token_id, by, now)
    if row is None:
        raise TokenNotFoundError(token_id)
    await connection.execute(statement(_PACKAGE, "end_sessions_of"), token_id)
    return _read(row)


async def find_token(connection: Connection, secret: str, *, now: datetime | None = None) -> Principal | None:
    """Who comes with this token; None where it is unknown, expired or revoked. Notes that it was used."""
    hashed = hash_of(secret)
    row = None if hashed is None else await connection.fetchrow(statement(_PACKAGE, "find_token"), hashed, now)
    if row is None:
        return None
    if row["is_stale"]:
        await connection.execute(statement(_PACKAGE, "touch_token"), row["id"], now)
    return principal_of(row)


def principal_of(row: Row, *, is_session: bool = False) -> Principal:
    """Whom a row of a token stands for."""
    return Principal(row["name"], row["role"], frozenset(row["scopes"]), row["id"], is_session)


def _read(row: Row) -> ApiToken:
    fields: dict[str, Any] = dict(row.items())
    fields["scopes"] = tuple(row["scopes"])
    return ApiToken(**fields)
