"""Dead letters: jobs that have used all their attempts, by kind and error, to be brought back by the group."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from headrace.console.page import render, site_of
from headrace.db.connection import Connection
from headrace.db.statements import statement

_PACKAGE = "headrace.console.screens"
MOST = 4_000


@dataclass(frozen=True, slots=True)
class Group:
    """Dead jobs of one kind and error; the message is the last one's. Of the youngest of each kind, `MOST` in all."""

    kind: str
    error_type: str | None
    count: int
    first_at: datetime
    last_at: datetime
    sample_id: UUID
    message: str | None
    is_all: bool


async def dead(request: Request) -> Response:
    """The groups, the largest first."""
    async with site_of(request).app.pool.acquire() as connection:
        groups = await _groups(connection)
    return render(request, "console/dead.html", groups=groups)


async def _groups(connection: Connection) -> list[Group]:
    rows = await connection.fetch(statement(_PACKAGE, "group_dead"), MOST)
    return [Group(**dict(row.items())) for row in rows]


ROUTES = [Route("/dead", dead)]
