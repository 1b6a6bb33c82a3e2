"""The statements of a worker that runs one job at a time, in one order, when it is told to."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from headrace.db.connection import Connection, Row
from headrace.db.statements import statement
from headrace.jobs import store
from headrace.jobs.cursor import Range
from headrace.jobs.job import Priority
from headrace.jobs.key_cursor import KeyPlan, KeyRange
from headrace.jobs.lease import WorkerCard
from headrace.jobs.limited_claims import claim_limited_jobs

_PACKAGE = "headrace.jobs"


async def register(connection: Connection, card: WorkerCard) -> int:
    """Enters a worker that lives as long as this session; its number."""
    async with connection.transaction():
        worker_id = await connection.fetchval(
            statement(_PACKAGE, "register_worker"),
            card.app,
            card.host,
            card.pid,
            list(card.queues),
            list(card.kinds),
            card.concurrency,
            card.lease_time,
            card.is_locked,
            list(card.subscriptions),
            list(card.projections),
        )
        if card.is_locked:
            await connection.execute(statement(_PACKAGE, "hold_worker_lock"), worker_id)
    return int(worker_id)


async def claim_first(
    connection: Connection,
    *,
    kinds: Sequence[str],
    queues: Collection[str] | None,
    worker_id: int,
    now: datetime | None,
) -> list[Row]:
    """Claims the first due job that limits let through, by priority, due time and id: a row, or none."""
    chosen = None if queues is None else sorted(queues)
    while True:
        first = await connection.fetchrow(statement(_PACKAGE, "first_due"), kinds, chosen, now)
        if first is None:
            return []
        before = (first["run_at"] - timedelta(microseconds=1), first["job_id"])
        queue, priority, key = first["queue"], Priority(first["priority"]), first["limit_key"]
        ranges = [] if key else [Range(queue, priority, before, timedelta(0), 1)]
        if key or first["is_limited"]:
            key_ranges = (KeyRange(queue, priority, 1, "", timedelta(0), 0),) if key else ()
            plan = KeyPlan(key_ranges, ((1, key, before),) if key else ())
            rows, _ = await claim_limited_jobs(
                connection, ranges, plan, kinds=kinds, limit=1, worker_id=worker_id, now=now
            )
        else:
            rows = await store.claim_jobs(connection, ranges, kinds=kinds, limit=1, worker_id=worker_id, now=now)
        if rows:
            return rows


async def next_moment(
    connection: Connection,
    *,
    kinds: Sequence[str],
    queues: Collection[str] | None,
    now: datetime | None,
) -> datetime | None:
    """When the next of these jobs is due; None where none waits for later."""
    chosen = None if queues is None else sorted(queues)
    return await connection.fetchval(statement(_PACKAGE, "next_moment"), kinds, chosen, now)
