"""The jobs' statements. Takes a connection, never commits."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

import msgspec

from headrace.context import EMPTY
from headrace.db.connection import Connection, Row
from headrace.db.errors import open_transaction
from headrace.db.statements import statement
from headrace.jobs.cursor import Range
from headrace.jobs.cursor import columns as range_columns
from headrace.jobs.dependencies import hold_followed, link
from headrace.jobs.insertion import columns, insert_many
from headrace.jobs.job import Claim, Enqueued, NewJob
from headrace.jobs.outcome import Again, Ended
from headrace.jobs.registry import Kind
from headrace.jobs.unique import Key, insert_unique, key_of

_PACKAGE = "headrace.jobs"

BATCH_SESSION: Mapping[str, str] = MappingProxyType(
    {
        "jit": "off",
        # A plan kept from when the tables were empty scans them whole: measured, a burst of 60,000 jobs on an idle
        # worker at 2k jobs/s instead of 38k. Planning costs half a millisecond a batch.
        "plan_cache_mode": "force_custom_plan",
        # Even with fresh statistics a batch of 1,000 among 200,000 jobs is thought cheaper by a scan and a hash join:
        # measured, 168 ms a claim instead of 70.
        "enable_seqscan": "off",
    }
)
"""What the sessions of claims and completions set, so that both look their rows up by index at any size."""
_CHUNK = 5_000


class Settlement(msgspec.Struct, frozen=True):
    """What to record of one attempt: the fence, how it ended and how long it took."""

    claim: Claim
    verdict: Ended | Again
    duration: timedelta
    done: int | None = None


@dataclass(frozen=True, slots=True)
class ProgressReport:
    """How far one attempt says its job is."""

    claim: Claim
    done: int
    total: int | None
    message: str | None


async def insert_jobs(connection: Connection, jobs: Sequence[NewJob], *, now: datetime | None = None) -> list[Enqueued]:
    """Stores jobs in bounded batches, in the caller's transaction; answers in the order given.

    A unique job whose key is held is not stored; the holder's id comes back with is_new False. Two
    jobs with one key in one call count as one. Raises TransactionClosedError where the connection is
    closed, in no transaction, or in a failed one.
    """
    with open_transaction(connection, doing="enqueue jobs"):
        return await _insert(connection, jobs, now)


async def _insert(connection: Connection, jobs: Sequence[NewJob], now: datetime | None) -> list[Enqueued]:
    dependent = [job for job in jobs if job.dependencies]
    if not dependent:
        return await _store(connection, jobs, now)
    # Before anything is written: whoever ends a job locks its run first and its parent's progress last.
    ended = await hold_followed(connection, dependent, beside={job.id for job in jobs})
    answer = await _store(connection, jobs, now)
    new = {one.id for one in answer if one.is_new}
    await link(connection, [job for job in dependent if job.id in new], ended=ended, now=now)
    return answer


async def _store(connection: Connection, jobs: Sequence[NewJob], now: datetime | None) -> list[Enqueued]:
    plain = [job for job in jobs if job.unique is None]
    for start in range(0, len(plain), _CHUNK):
        chunk = plain[start : start + _CHUNK]
        await connection.execute(*insert_many(chunk, now=now))
    if len(plain) == len(jobs):
        return [Enqueued(job.id) for job in jobs]
    unique = [(job, job.unique) for job in jobs if job.unique is not None]
    holders = await insert_unique(connection, unique, columns=columns, now=now)
    return [_enqueued(job, holders) for job in jobs]


def _enqueued(job: NewJob, holders: Mapping[Key, UUID]) -> Enqueued:
    holder = job.id if job.unique is None else holders[key_of(job, job.unique)]
    return Enqueued(holder, is_new=holder == job.id)


async def claim_jobs(
    connection: Connection,
    ranges: Sequence[Range],
    *,
    kinds: Sequence[str],
    limit: int,
    worker_id: int,
    now: datetime | None = None,
) -> list[Row]:
    """Claims up to `limit` due jobs; rows as `claim_jobs.sql` names them, in the order to run them."""
    return await connection.fetch(
        statement(_PACKAGE, "claim_jobs"),
        *range_columns(ranges, limit=limit),
        now,
        kinds,
        limit,
        worker_id,
    )


async def release_unheard(connection: Connection, worker_id: int, *, after: int, heard: Collection[int]) -> int:
    """Gives back what a worker holds under leases later than `after` that are not `heard`; how many jobs."""
    return len(await connection.fetch(statement(_PACKAGE, "release_unheard"), worker_id, after, list(heard)))


async def finish_jobs(
    connection: Connection,
    settlements: Sequence[Settlement],
    *,
    now: datetime | None = None,
    told: Sequence[str] = (),
    on_freed: Callable[[], None] | None = None,
    on_awaited: Callable[[], None] | None = None,
) -> set[UUID]:
    """Records ended jobs; the ids that were recorded. The others were stale: another attempt owns them.

    That a job completed is told for the kinds in `told`. `on_freed` is called where jobs that waited for
    these may run now, `on_awaited` where somebody may wait for the result of one.
    """
    ended = [(one, one.verdict) for one in settlements if isinstance(one.verdict, Ended)]
    rows = await connection.fetch(
        statement(_PACKAGE, "finish_jobs"),
        [one.claim.job_id for one, _ in ended],
        [one.claim.lease for one, _ in ended],
        [verdict.state for _, verdict in ended],
        [one.duration for one, _ in ended],
        _sparse([verdict.error for _, verdict in ended]),
        _sparse([verdict.result for _, verdict in ended]),
        _sparse([one.done for one, _ in ended]),
        now,
        told or None,
    )
    if on_freed is not None and rows and rows[0]["has_freed"]:
        on_freed()
    if on_awaited is not None and rows and rows[0]["has_awaited"]:
        on_awaited()
    return {row["job_id"] for row in rows}


def _sparse(values: list[Any]) -> list[Any]:
    """The values, or none where all are None: `unnest` of several arrays fills up the shorter ones with NULL."""
    return [] if values.count(None) == len(values) else values


async def find_recorded(connection: Connection, claims: Sequence[Claim]) -> set[UUID]:
    """The ids of the jobs that these very attempts have ended."""
    rows = await connection.fetch(
        statement(_PACKAGE, "find_recorded"), [one.job_id for one in claims], [one.lease for one in claims]
    )
    return {row["job_id"] for row in rows}


async def release_jobs(
    connection: Connection, settlements: Sequence[Settlement], *, now: datetime | None = None
) -> set[UUID]:
    """Puts jobs back to wait for another attempt; the ids that were put back. The others were stale."""
    again = [(one, one.verdict) for one in settlements if isinstance(one.verdict, Again)]
    rows = await connection.fetch(
        statement(_PACKAGE, "release_jobs"),
        [one.claim.job_id for one, _ in again],
        [one.claim.lease for one, _ in again],
        [verdict.delay for _, verdict in again],
        [verdict.counts for _, verdict in again],
        [one.duration for one, _ in again],
        [verdict.error for _, verdict in again],
        now,
        [verdict.has_begun for _, verdict in again],
    )
    return {row["job_id"] for row in rows}


async def save_progress(connection: Connection, reports: Sequence[ProgressReport]) -> None:
    """Writes progress reports; those of a stale attempt change nothing."""
    await connection.execute(
        statement(_PACKAGE, "save_progress"),
        [one.claim.job_id for one in reports],
        [one.claim.lease for one in reports],
        [one.done for one in reports],
        [one.total for one in reports],
        [one.message for one in reports],
    )


async def find_lost_workers(connection: Connection, *, grace: timedelta) -> list[int]:
    """The numbers of the workers that are gone; see `find_lost_workers.sql` for when one is."""
    return [row["id"] for row in await connection.fetch(statement(_PACKAGE, "find_lost_workers"), grace)]


async def find_orphaned_workers(connection: Connection) -> list[int]:
    """The numbers that jobs are held under though no worker of that number is registered."""
    return [row["worker_id"] for row in await connection.fetch(statement(_PACKAGE, "find_orphaned_workers"))]


async def rescue_jobs(
    connection: Connection,
    worker_id: int,
    *,
    limit: int,
    poison_after: int,
    lost_error: str,
    poison_error: str,
) -> tuple[int, int]:
    """Takes up to `limit` jobs from a lost worker: how many went back to waiting, how many to the dead."""
    row = await connection.fetchrow(
        statement(_PACKAGE, "rescue_jobs"), worker_id, limit, poison_after, lost_error, poison_error
    )
    return (0, 0) if row is None else (row["returned_count"], row["buried_count"])


async def remove_worker(connection: Connection, worker_id: int) -> None:
    """Removes a worker that holds nothing."""
    await connection.execute(statement(_PACKAGE, "remove_worker"), worker_id)


async def mark_stopping(connection: Connection, worker_id: int) -> None:
    """Notes that a worker takes no more jobs."""
    await connection.execute(statement(_PACKAGE, "mark_stopping"), worker_id)


async def ensure_days(connection: Connection, *, ahead: int) -> int:
    """Makes the partitions of today and `ahead` days more; how many were missing."""
    return int(await connection.fetchval(statement(_PACKAGE, "ensure_days"), ahead))


async def register_kinds(connection: Connection, kinds: Sequence[Kind], *, app_name: str) -> None:
    """Notes the kinds a worker handles, with their defaults."""
    await connection.execute(
        statement(_PACKAGE, "register_kinds"),
        [kind.name for kind in kinds],
        [kind.queue for kind in kinds],
        [int(kind.priority) for kind in kinds],
        [kind.max_attempts for kind in kinds],
        app_name,
        [None if kind.limit is None else kind.limit.template for kind in kinds],
        [1 if kind.limit is None else kind.limit.weight for kind in kinds],
        [kind.told.at_enqueue(kind.lifecycle, EMPTY) for kind in kinds],
    )
