"""Sessions of browsers: begun by showing a token, carried by a cookie, over with their time or with the token."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from headrace.console.access.principal import Principal
from headrace.console.access.secret import hash_of, new_session
from headrace.console.access.tokens import principal_of
from headrace.db.connection import Connection
from headrace.db.statements import statement
from headrace.errors import ConfigurationError

_PACKAGE = "headrace.console.access"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPolicy:
    """How long a session lasts: at most `lifetime`, and `idle` after it was last used."""

    lifetime: timedelta = timedelta(hours=12)
    idle: timedelta = timedelta(hours=2)

    def __post_init__(self) -> None:
        for name in ("lifetime", "idle"):
            if getattr(self, name) <= timedelta(0):
                raise ConfigurationError(f"{name} must be positive, got {getattr(self, name)}; use timedelta(hours=2)")


async def begin_session(
    connection: Connection, principal: Principal, *, policy: SessionPolicy, before: str | None, now: datetime | None
) -> str:
    """Begins a session of somebody who showed a token; the cookie's value, always a new one.

    The session the browser had `before` ends, be it whose it may: a cookie that somebody else had put there is worth
    nothing afterwards. Sessions whose time is over are deleted too. Wants a transaction.
    """
    if principal.token_id is None:
        raise ConfigurationError(f"a session begins with a token, and {principal.name} came without one")
    if before is not None:
        await end_session(connection, before)
    await connection.execute(statement(_PACKAGE, "drop_expired_sessions"), policy.idle, now)
    secret = new_session()
    await connection.execute(
        statement(_PACKAGE, "begin_session"), hash_of(secret), principal.token_id, policy.lifetime, now
    )
    return secret


async def find_session(
    connection: Connection, secret: str, *, policy: SessionPolicy, now: datetime | None = None
) -> Principal | None:
    """Whose session it is; None where it is over, or its token is. Notes that it was used, to the minute."""
    hashed = hash_of(secret)
    if hashed is None:
        return None
    row = await connection.fetchrow(statement(_PACKAGE, "find_session"), hashed, policy.idle, now)
    if row is None:
        return None
    if row["is_stale"]:
        await connection.execute(statement(_PACKAGE, "touch_session"), hashed, now)
    return principal_of(row, is_session=True)


async def end_session(connection: Connection, secret: str) -> None:
    """Ends a session; one that is not there is no error."""
    await connection.execute(statement(_PACKAGE, "end_session"), hash_of(secret))
