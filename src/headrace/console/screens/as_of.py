"""A read model as one stream had made it at some event: folded for the page, and forgotten."""

from collections.abc import Mapping
from typing import Any

from headrace.app import Headrace
from headrace.db.statements import statement
from headrace.events.event import Stream

_PACKAGE = "headrace.console.screens"
_MOST_ROWS = 50


async def as_of(
    app: Headrace, projection: str, position: int, *, stream: Stream, tenant_id: str
) -> Mapping[str, list[dict[str, Any]]]:
    """The rows of each of its tables, fifty at most, from the events of one stream up to a position."""
    tables = app.declarations.newest(projection).tables
    found: dict[str, list[dict[str, Any]]] = {}
    async with app.projections.as_of(projection, position, stream=stream, tenant_id=tenant_id) as past:
        for table in tables:
            quoted = '"' + table.replace('"', '""') + '"'
            rows = await past.fetch(statement(_PACKAGE, "rows_as_of").format(table=quoted), _MOST_ROWS)
            found[table] = [dict(row.items()) for row in rows]
    return found
