"""A job as a test looks at it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from headrace.app import Headrace
from headrace.db.statements import statement
from headrace.jobs.job import Priority, State


@dataclass(frozen=True, slots=True)
class StoredJob:
    """One stored job: what was asked for, and where it stands by the app's clock."""

    id: UUID
    kind: str
    queue: str
    priority: str
    args: Any
    metadata: dict[str, Any] | None
    state: State
    attempt: int
    max_attempts: int
    run_at: datetime
    created_at: datetime
    parent_id: UUID | None

    def __str__(self) -> str:
        args = msgspec.json.encode(self.args).decode()
        due = f", due {self.run_at.isoformat()}" if self.state == "scheduled" else ""
        return f"{self.kind} {args} in queue {self.queue!r}, {self.priority}, {self.state}{due}"

    def delay(self, now: datetime | None) -> timedelta:
        """How long from `now` it is due; from when it was stored where there is no virtual time."""
        return self.run_at - (self.created_at if now is None else now)


async def stored_jobs(app: Headrace, *, kind: str | None = None) -> list[StoredJob]:
    """The jobs of a kind, or all but those that carry events to their handlers, oldest first."""
    async with app.pool.acquire() as connection:
        rows = await connection.fetch(statement("headrace.testing", "stored_jobs"), kind, app.clock.override())
    return [
        StoredJob(
            id=row["id"],
            kind=row["kind"],
            queue=row["queue"],
            priority=Priority(row["priority"]).name.lower(),
            args=msgspec.json.decode(row["args"]),
            metadata=None if row["metadata"] is None else msgspec.json.decode(row["metadata"]),
            state=row["state"],
            attempt=row["attempt"],
            max_attempts=row["max_attempts"],
            run_at=row["run_at"],
            created_at=row["created_at"],
            parent_id=row["parent_id"],
        )
        for row in rows
    ]
