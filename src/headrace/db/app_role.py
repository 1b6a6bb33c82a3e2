"""The role an application runs as: what it may do, granted by the role that owns the schema."""

from collections.abc import Sequence

from headrace.db.connection import Connection
from headrace.db.errors import NOT_GRANTED
from headrace.db.statements import statement
from headrace.errors import ConfigurationError

_PACKAGE = "headrace.db"


async def grant_app(
    connection: Connection, role: str, *, schemas: Sequence[str] = (), drops_events: bool = True
) -> None:
    """Lets a role do what workers, console and programs need, and no more: of the log, to read and to append.

    `schemas` are the application's own, in which the role may read, write and make tables and views; with any it may
    also make schemas in the database, as builds of projections are. With `drops_events` it may let partitions of the
    log go and bring them back, as retention does. Takes back what it had granted before, and is repeated by every
    migration. The connection is the owner's. Raises ConfigurationError where it cannot be granted.
    """
    try:
        await connection.execute(statement(_PACKAGE, "grant_app"), role, list(schemas), drops_events)
    except NOT_GRANTED as error:
        hint = getattr(error, "hint", None) or "do it as the role that owns schema headrace"
        message = getattr(error, "message", None) or str(error)
        raise ConfigurationError(f"cannot let {role} use the database: {message}; {hint}") from error


async def renew_grants(connection: Connection) -> None:
    """Grants what a migration has added to every role that was granted to; to be run in its transaction."""
    if await connection.fetchval(statement(_PACKAGE, "has_app_roles")):
        await connection.execute(statement(_PACKAGE, "grant_app_roles"))
