"""Dead letters: jobs whose attempts are used up, by kind and type of error. Reads only."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from headrace.db.connection import Connection
from headrace.db.statements import statement

_PACKAGE = "headrace.jobs"


@dataclass(frozen=True, slots=True)
class DeadGroup:
    """The dead jobs of one kind and one type of last error; `sample_id` and `message` are the last one's."""

    kind: str
    error_type: str | None
    count: int
    first_at: datetime
    last_at: datetime
    sample_id: UUID
    message: str | None


async def list_dead(
    connection: Connection, *, kind: str | None = None, queue: str | None = None, limit: int = 100
) -> list[DeadGroup]:
    """The groups of dead jobs, the largest first."""
    rows = await connection.fetch(statement(_PACKAGE, "list_dead"), kind, queue, limit)
    return [DeadGroup(**dict(row.items())) for row in rows]
