"""Jobs that have ended brought back with their history. Takes a connection, never commits."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from headrace.db.connection import Connection
from headrace.db.statements import statement
from headrace.errors import HeadraceError, UniqueKeyHeldError
from headrace.jobs.dependencies import count_dependencies, hold_living

_PACKAGE = "headrace.jobs"
_MOST_ROUNDS = 100


@dataclass(frozen=True, slots=True)
class Redriven:
    """Which jobs came back, and which stay ended because another job holds their unique key."""

    back: frozenset[UUID]
    key_held: frozenset[UUID]


async def redrive_job(connection: Connection, job_id: UUID, *, now: datetime | None = None) -> bool:
    """Makes an ended job (not a completed one) or one waiting for later due now; False for others.

    One with dependencies waits again for those that live, and no longer for those that ended; one with a
    unique key holds it again. In the caller's transaction. Raises UniqueKeyHeldError where another job
    holds the key; nothing is changed then.
    """
    return bool(
        await _redrive_alone(connection, job_id, now)
        or await connection.fetchval(statement(_PACKAGE, "hasten_job"), job_id, now)
        or await recount(connection, [job_id], now=now)
    )


async def _redrive_alone(connection: Connection, job_id: UUID, now: datetime | None) -> bool:
    for _ in range(_MOST_ROUNDS):
        done = await redrive_jobs(connection, [job_id], now=now)
        if not done.key_held:
            return bool(done.back)
        held = await find_key_held(connection, job_id, now=now)
        if held is not None:
            raise held
        # The holder ended between the two statements: the key is free, or somebody else's.
    raise HeadraceError(f"the holder of the unique key of job {job_id} changed {_MOST_ROUNDS} times; retry it again")


async def redrive_jobs(
    connection: Connection, job_ids: Sequence[UUID], *, coming: Collection[UUID] = (), now: datetime | None = None
) -> Redriven:
    """Brings ended jobs (not completed ones) back, in the caller's transaction.

    One with dependencies waits again for those that live or are `coming` back too. One with a unique key
    holds it again; where another job holds it, or a younger one of these wants it, it stays as it ended.
    Who calls with `coming` lets go afterwards, with `let_go`, of what waits for those.
    """
    followed = await hold_living(connection, job_ids)
    found = await connection.fetch(statement(_PACKAGE, "redrive_job"), job_ids, now)
    rows = [row for row in found if not row["is_key_held"]]
    back = frozenset(row["job_id"] for row in rows)
    if children := [row for row in rows if row["parent_id"] is not None]:
        await connection.execute(
            statement(_PACKAGE, "uncount_ended"),
            [row["parent_id"] for row in children],
            [row["is_failure"] for row in children],
        )
    living = {one for one, is_living in followed.items() if is_living or one in back or one in coming}
    dependent = [row["job_id"] for row in rows if row["is_dependent"]]
    await count_dependencies(connection, dependent, living=living, now=now)
    return Redriven(back, frozenset(row["job_id"] for row in found) - back)


async def find_key_held(
    connection: Connection, job_id: UUID, *, now: datetime | None = None
) -> UniqueKeyHeldError | None:
    """Why an ended job cannot come back: who holds its unique key; None where nobody does or it has none."""
    row = await connection.fetchrow(statement(_PACKAGE, "find_key_holder"), job_id, now)
    if row is None:
        return None
    return UniqueKeyHeldError(
        job_id, kind=row["kind"], key=row["unique_key"], holder_id=row["holder_id"], until=row["held_until"]
    )


async def let_go(connection: Connection, key_held: Collection[UUID], *, now: datetime | None = None) -> None:
    """Lets jobs that came back no longer wait for these, which could not: in a transaction of its own.

    In that of `redrive_jobs` it would lock runs after the progress of parents, the other way round than
    those who end jobs.
    """
    rows = await connection.fetch(statement(_PACKAGE, "find_left_behind"), sorted(key_held))
    if rows:
        await recount(connection, [row["job_id"] for row in rows], now=now)


async def recount(connection: Connection, job_ids: Sequence[UUID], *, now: datetime | None = None) -> set[UUID]:
    """Lets held jobs wait only for dependencies that live, in the caller's transaction; the ids of those freed."""
    followed = await hold_living(connection, job_ids)
    living = {one for one, is_living in followed.items() if is_living}
    return await count_dependencies(connection, job_ids, living=living, now=now)
