"""Operations: who did what to queues, jobs, schedules, limits, archives, keys. Takes a connection, never commits."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from headrace.context import current
from headrace.db.connection import Connection, Row
from headrace.db.statements import statement
from headrace.ids import uuid7

_PACKAGE = "headrace.jobs"

Action = Literal[
    "queue.paused",
    "queue.resumed",
    "job.cancelled",
    "job.retried",
    "tree.cancelled",
    "tree.retried",
    "schedule.created",
    "schedule.edited",
    "schedule.paused",
    "schedule.resumed",
    "schedule.triggered",
    "schedule.deleted",
    "limit.set",
    "limit.unset",
    "archive.restored",
    "keys.rotated",
]
"""What is done at once; `headrace.jobs.bulk.DONE` has what takes its time."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing somebody did: to what (`subject`), why, when, and to how many jobs.

    `total_count` jobs fitted when it began, `seen_count` have been looked at, `changed_count` were changed.
    `follower_count` others were cancelled because they depended on one of these; `key_held_count` were not
    brought back because another job holds their unique key. `ended_at` is None while it goes on, and
    after an interruption.
    """

    id: UUID
    action: str
    actor: str
    subject: dict[str, Any]
    reason: str | None
    begun_at: datetime
    ended_at: datetime | None
    total_count: int
    seen_count: int
    changed_count: int
    follower_count: int
    key_held_count: int
    after_id: UUID | None


async def record_operation(
    connection: Connection,
    action: Action,
    *,
    actor: str,
    subject: Mapping[str, Any],
    reason: str | None = None,
    now: datetime | None = None,
) -> UUID:
    """Records what is done with the caller's transaction; the id of the record."""
    operation_id = uuid7()
    await connection.execute(
        statement(_PACKAGE, "record_operation"),
        operation_id,
        action,
        actor,
        encode_subject(subject),
        reason,
        now,
        current().request_id,
    )
    return operation_id


async def list_operations(connection: Connection, *, before: UUID | None = None, limit: int = 50) -> list[Operation]:
    """The newest operations, newest first; `before` continues after the last id of a page."""
    return [
        read_operation(row) for row in await connection.fetch(statement(_PACKAGE, "list_operations"), before, limit)
    ]


def chosen_ids(operation: Operation) -> tuple[UUID, ...]:
    """The jobs that were chosen one by one; none where a filter found them."""
    return tuple(UUID(one) for one in operation.subject.get("filter", {}).get("ids", ()))


def encode_subject(subject: Mapping[str, Any]) -> str:
    """What an operation was done to, as it is stored."""
    return msgspec.json.encode(dict(subject)).decode()


def read_operation(row: Row) -> Operation:
    """One row as `list_operations` has them."""
    return Operation(**{**dict(row.items()), "subject": msgspec.json.decode(row["subject"])})
