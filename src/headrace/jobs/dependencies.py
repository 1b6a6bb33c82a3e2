"""Jobs that wait for jobs: stored, held, counted. Takes a connection, never commits."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from headrace.db.connection import Connection
from headrace.db.statements import statement
from headrace.errors import JobNotFoundError
from headrace.ids import as_uuid
from headrace.jobs.job import NewJob, Policy, State

_PACKAGE = "headrace.jobs"


@dataclass(frozen=True, slots=True)
class DependencyResult:
    """How a job that another waited for stands: its result where it has completed, its error where it has not.

    `error` has type, message and traceback. `is_open` where the other one still waits for it.
    """

    id: UUID
    name: str | None
    kind: str
    state: State
    policy: Policy
    is_open: bool
    result: Any = None
    error: dict[str, Any] | None = None


async def hold_followed(
    connection: Connection, jobs: Sequence[NewJob], *, beside: Collection[UUID]
) -> dict[UUID, State]:
    """Keeps what these jobs depend on from ending before the caller's transaction does; those that have ended.

    Jobs stored `beside` these need no holding. Raises JobNotFoundError for a dependency that is not stored.
    """
    wanted = {one.id for job in jobs for one in job.dependencies}.difference(beside)
    if not wanted:
        return {}
    rows = await connection.fetch(statement(_PACKAGE, "hold_jobs"), list(wanted))
    found = {as_uuid(row["job_id"]): row["state"] for row in rows}
    missing = wanted.difference(found)
    if missing:
        raise JobNotFoundError(min(missing))
    return {job_id: state for job_id, state in found.items() if state is not None}


async def link(
    connection: Connection, jobs: Sequence[NewJob], *, ended: Mapping[UUID, State], now: datetime | None
) -> None:
    """Holds jobs just stored until what they depend on has ended, and settles what already has."""
    edges = [(job.id, one) for job in jobs for one in job.dependencies]
    if not edges:
        return
    await connection.execute(
        statement(_PACKAGE, "insert_dependencies"),
        [job_id for job_id, _ in edges],
        [one.id for _, one in edges],
        [one.name for _, one in edges],
        [one.policy for _, one in edges],
    )
    past = {one.id: ended[one.id] for _, one in edges if one.id in ended}
    if past:
        await connection.execute(statement(_PACKAGE, "settle_dependents"), list(past), list(past.values()), now)


async def hold_living(connection: Connection, job_ids: Sequence[UUID]) -> dict[UUID, bool]:
    """Keeps what these jobs depend on as it is to the end of the caller's transaction; whether each lives.

    Those who bring jobs back take turns from here to the end of theirs: what one holds as a dependency, another would
    lock to bring it back, and the other way round.
    """
    await connection.execute(statement(_PACKAGE, "take_turn"))
    followed = [row["depends_on"] for row in await connection.fetch(statement(_PACKAGE, "find_followed"), job_ids)]
    if not followed:
        return {}
    rows = await connection.fetch(statement(_PACKAGE, "hold_jobs"), followed)
    living = {row["job_id"] for row in rows if row["state"] is None}
    return {one: one in living for one in followed}


async def count_dependencies(
    connection: Connection, job_ids: Sequence[UUID], *, living: Collection[UUID], now: datetime | None
) -> set[UUID]:
    """Lets held jobs wait for the `living` of their dependencies and no others; the ids of those freed."""
    if not job_ids:
        return set()
    rows = await connection.fetch(statement(_PACKAGE, "count_dependencies"), job_ids, list(living), now)
    return {row["job_id"] for row in rows if not row["is_held"]}


async def list_dependencies(
    connection: Connection, job_id: UUID, *, limit: int | None = None, has_results: bool = True
) -> list[DependencyResult]:
    """What a job depends on, oldest first, each as it stands now; a job no longer stored is left out.

    Without `has_results` results and errors are not fetched.
    """
    rows = await connection.fetch(statement(_PACKAGE, "list_dependencies"), job_id, limit, has_results)
    return [
        DependencyResult(
            id=row["id"],
            name=row["name"],
            kind=row["kind"],
            state=row["state"],
            policy=row["policy"],
            is_open=row["is_open"],
            result=_decoded(row["result"]),
            error=_decoded(row["error"]),
        )
        for row in rows
    ]


async def tally_dependencies(connection: Connection, job_id: UUID) -> dict[State, int]:
    """How many of the jobs that a job depends on are in each state; states without one are left out."""
    rows = await connection.fetch(statement(_PACKAGE, "tally_dependencies"), job_id)
    return {row["state"]: row["count"] for row in rows}


def _decoded(raw: str | None) -> Any:
    return None if raw is None else msgspec.json.decode(raw)
