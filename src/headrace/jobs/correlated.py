"""The jobs of one correlation, and what caused each. Reads only."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from headrace.db.connection import Connection
from headrace.db.statements import statement
from headrace.jobs.job import State

_PACKAGE = "headrace.jobs"


@dataclass(frozen=True, slots=True)
class CorrelatedJob:
    """One job of a correlation: how it stands, and what made it."""

    id: UUID
    kind: str
    parent_id: UUID | None
    causation_id: UUID | None
    causation_kind: str | None
    created_at: datetime
    state: State
    attempt: int
    claimed_at: datetime | None
    ended_at: datetime | None
    duration: timedelta | None


async def correlated_jobs(connection: Connection, correlation_id: UUID, *, limit: int = 150) -> list[CorrelatedJob]:
    """The first jobs of a correlation, oldest first."""
    rows = await connection.fetch(statement(_PACKAGE, "jobs_of_correlation"), correlation_id, limit)
    return [CorrelatedJob(**dict(row.items())) for row in rows]
