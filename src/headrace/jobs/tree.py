"""A job with its children, their children and so on, cancelled or retried as one."""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar
from uuid import UUID

from headrace.clock import Clock
from headrace.context import acting
from headrace.db.connection import Connection
from headrace.db.listener import JOBS_CHANNEL, RESULTS_CHANNEL
from headrace.db.pool import ConnectionPool
from headrace.db.statements import statement
from headrace.errors import JobNotFoundError
from headrace.jobs import redriving
from headrace.jobs.cancelling import cancel_jobs
from headrace.jobs.operation import record_operation
from headrace.jobs.outcome import Cancel, report_error

_PACKAGE = "headrace.jobs"
_BATCH = 1_000

T = TypeVar("T")


class Application(Protocol):
    """What is needed of the app whose jobs they are."""

    clock: Clock

    @property
    def pool(self) -> ConnectionPool: ...
    def notify(self, channel: str) -> None: ...


@dataclass(frozen=True, slots=True)
class TreeCancelled:
    """How many jobs of a tree there are, how many were cancelled, how many run and were asked to end.

    Those cancelled because they depended on one of the tree count too, wherever they stand.
    """

    job_count: int
    cancelled_count: int
    requested_count: int


@dataclass(frozen=True, slots=True)
class TreeRetried:
    """How many jobs of a tree there are, came back, and stay ended because another job holds their unique key."""

    job_count: int
    retried_count: int
    key_held_count: int = 0


async def cancel_tree(app: Application, job_id: UUID, *, by: str) -> TreeCancelled:
    """Cancels a job and everything below it: what waits at once, what runs by interrupting it.

    From the top down in batches, each a transaction of its own, so that a parent stops before its
    children are looked for. Jobs that a running one still makes until its worker interrupts it stay;
    do it again when it has ended. That it was begun is recorded. Raises JobNotFoundError.
    """
    error = report_error(Cancel(f"cancelled by {by}, with the tree of job {job_id}"))
    job_count = cancelled_count = requested_count = 0
    async with app.pool.acquire() as connection:
        await _require(connection, job_id)
        await record_operation(
            connection, "tree.cancelled", actor=by, subject={"job": str(job_id)}, now=app.clock.override()
        )
        async for batch in _levels(connection, job_id):
            done = await cancel_jobs(connection, batch, by=by, error=error)
            job_count += len(batch)
            cancelled_count += len(done.cancelled) + done.follower_count
            requested_count += len(done.requested)
    app.notify(JOBS_CHANNEL)  # who waited for one of them may run now
    app.notify(RESULTS_CHANNEL)
    return TreeCancelled(job_count, cancelled_count, requested_count)


async def retry_tree(app: Application, job_id: UUID, *, by: str | None = None) -> TreeRetried:
    """Brings back what failed, died or was cancelled of a job and everything below it.

    What waited for one of these waits again. Completed jobs stay completed, and so does a group's
    `on_failure` that was not needed stay as it is; so does one whose unique key another job holds, and
    who waited for it does not wait again. In batches, the youngest first, each a
    transaction of its own: done again after an interruption, it finds the rest. That it was begun is
    recorded, `by` whom; None is the actor of the context. Raises JobNotFoundError.
    """
    async with app.pool.acquire() as connection:
        await _require(connection, job_id)
        now = app.clock.override()
        await record_operation(
            connection,
            "tree.retried",
            actor=acting(by),
            subject={"job": str(job_id)},
            now=now,
        )
        batches = [batch async for batch in _levels(connection, job_id)]
        every = [one for batch in batches for one in batch]
        wanted: list[UUID] = []
        for batch in batches:
            rows = await connection.fetch(statement(_PACKAGE, "find_redrivable"), batch)
            wanted += [row["job_id"] for row in rows]
        # A job comes back before those it waits for do: held, it cannot miss how they end.
        wanted.sort(reverse=True)
        coming = frozenset(wanted)
        back_count = 0
        key_held: set[UUID] = set()
        for batch in _batches(wanted):
            async with connection.transaction():
                done = await redriving.redrive_jobs(connection, batch, coming=coming, now=now)
            back_count += len(done.back)
            key_held |= done.key_held
        if back_count < len(wanted):
            # Others hold the keys of some, or brought some back meanwhile; how those end may have been missed.
            for batch in _batches(wanted):
                async with connection.transaction():
                    await redriving.recount(connection, batch, now=now)
    app.notify(JOBS_CHANNEL)
    return TreeRetried(len(every), back_count, len(key_held))


async def _require(connection: Connection, root: UUID) -> None:
    if not await connection.fetchval(statement(_PACKAGE, "has_job"), root):
        raise JobNotFoundError(root)


async def _levels(connection: Connection, root: UUID) -> AsyncIterator[list[UUID]]:
    """The ids of a tree in batches, parents before their children."""
    level = [root]
    seen = {root}
    while level:
        for batch in _batches(level):
            yield batch
        following: list[UUID] = []
        for batch in _batches(level):
            after: UUID | None = None
            while True:
                rows = await connection.fetch(statement(_PACKAGE, "find_children"), batch, after, _BATCH)
                following += [row["id"] for row in rows]
                if len(rows) < _BATCH:
                    break
                after = rows[-1]["id"]
        # A parent may be named that is below: metadata of a caller, not ours to trust.
        level = [one for one in following if one not in seen]
        seen.update(level)


def _batches(items: Sequence[T]) -> Iterator[list[T]]:
    return (list(items[start : start + _BATCH]) for start in range(0, len(items), _BATCH))
