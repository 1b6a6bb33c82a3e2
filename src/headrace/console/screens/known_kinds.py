"""The kinds there are to choose from."""

from headrace.db.connection import Connection
from headrace.db.statements import statement

_PACKAGE = "headrace.console.screens"


async def known_kinds(connection: Connection) -> list[str]:
    """The names of all kinds that workers have told of."""
    return [row["name"] for row in await connection.fetch(statement(_PACKAGE, "known_kinds"))]
