"""Jobs that hold a unique key: stored, or answered with the job that holds it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from headrace.db.connection import Connection, Row
from headrace.db.statements import statement
from headrace.errors import HeadraceError
from headrace.ids import as_uuid
from headrace.jobs.job import NewJob, Unique

_PACKAGE = "headrace.jobs"
_CHUNK = 500
_MOST_ROUNDS = 100

Key = tuple[str, str]
"""A job's kind and its key."""


async def insert_unique(
    connection: Connection,
    jobs: Sequence[tuple[NewJob, Unique]],
    *,
    columns: Callable[[Sequence[NewJob]], Sequence[object]],
    now: datetime | None,
) -> dict[Key, UUID]:
    """The holder of every key: the job given, now stored, or the one that held the key before.

    A holder that waits stays locked to the end of the transaction, so that no worker claims it before
    the caller's own writes are visible. One that runs is only named: its completion must not wait
    for the caller.
    """
    first: dict[Key, tuple[NewJob, Unique]] = {}
    for job, unique in jobs:
        key = key_of(job, unique)
        if key not in first or unique.on_conflict == "replace":
            first[key] = (job, unique)
    # In key order across the chunks too, so that two callers cannot wait for each other.
    wanted = dict(sorted(((_stored(key), pair) for key, pair in first.items()), key=lambda item: item[0]))
    keys = list(wanted)
    holders: dict[str, UUID] = {}
    for start in range(0, len(keys), _CHUNK):
        chunk = {key: wanted[key] for key in keys[start : start + _CHUNK]}
        holders |= await _settle(connection, chunk, columns=columns, now=now)
    return {key: holders[_stored(key)] for key in first}


async def _settle(
    connection: Connection,
    chunk: dict[str, tuple[NewJob, Unique]],
    *,
    columns: Callable[[Sequence[NewJob]], Sequence[object]],
    now: datetime | None,
) -> dict[str, UUID]:
    holders: dict[str, UUID] = {}
    for _ in range(_MOST_ROUNDS):
        missing = [(key, *pair) for key, pair in chunk.items() if key not in holders]
        if not missing:
            return holders
        jobs = [job for _, job, _ in missing]
        keys = [key for key, _, _ in missing]
        scopes = [unique.scope for _, _, unique in missing]
        windows = [unique.window for _, _, unique in missing]
        stored = await connection.fetch(
            statement(_PACKAGE, "insert_unique_jobs"), *columns(jobs), now, keys, scopes, windows
        )
        holders |= _holders(stored)
        held = [(key, job, unique) for key, job, unique in missing if key not in holders]
        windowed = [(key, job) for key, job, unique in held if unique.window is not None]
        if windowed:
            await connection.execute(
                statement(_PACKAGE, "drop_holds"), [key for key, _ in windowed], [job.id for _, job in windowed]
            )
        if held:
            # A holder that begins or ends between these statements is met, or gone, in the next round.
            holders |= await _meet(connection, held, now=now)
    raise HeadraceError(f"the holders of {len(chunk)} unique keys changed {_MOST_ROUNDS} times; enqueue again")


async def _meet(
    connection: Connection, held: Sequence[tuple[str, NewJob, Unique]], *, now: datetime | None
) -> dict[str, UUID]:
    keys = [key for key, _, _ in held]
    waiting = await connection.fetch(
        statement(_PACKAGE, "hold_waiting"),
        keys,
        [unique.on_conflict for _, _, unique in held],
        [unique.max_wait for _, _, unique in held],
        [job.run_at for _, job, _ in held],
        [job.delay for _, job, _ in held],
        [int(job.priority) for _, job, _ in held],
        now,
        [job.limit_key for _, job, _ in held],
        [job.weight for _, job, _ in held],
    )
    met = _holders(waiting)
    if rewritten := [(met[key], job) for key, job, unique in held if unique.on_conflict == "replace" and key in met]:
        await connection.execute(
            statement(_PACKAGE, "rewrite_held"),
            [job_id for job_id, _ in rewritten],
            [job.args for _, job in rewritten],
            [job.metadata for _, job in rewritten],
            [int(job.priority) for _, job in rewritten],
            [job.max_attempts for _, job in rewritten],
            [job.limit_key for _, job in rewritten],
            [job.weight for _, job in rewritten],
        )
    if missing := [key for key in keys if key not in met]:
        met |= _holders(await connection.fetch(statement(_PACKAGE, "find_running"), missing))
    if missing := [key for key in missing if key not in met]:
        met |= _holders(await connection.fetch(statement(_PACKAGE, "find_window_holders"), missing, now))
    return met


def _holders(rows: Sequence[Row]) -> dict[str, UUID]:
    return {row["unique_key"]: as_uuid(row["job_id"]) for row in rows}


async def forget_holds(connection: Connection, *, limit: int, now: datetime | None = None) -> int:
    """Deletes windows that are over, at most `limit`; how many."""
    return len(await connection.fetch(statement(_PACKAGE, "forget_holds"), limit, now))


def key_of(job: NewJob, unique: Unique) -> Key:
    """Under which a job is unique; its key has been resolved."""
    assert unique.key is not None  # noqa: S101 - `prepare` resolves it
    return job.kind, unique.key


def _stored(key: Key) -> str:
    return "\x1f".join(key)
