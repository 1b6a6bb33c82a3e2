"""Jobs by state and events by type, in constant time: counted while they are few, told from a sample beyond that."""

from dataclasses import dataclass
from datetime import datetime

from headrace.db.connection import Connection, Row
from headrace.db.statements import statement
from headrace.jobs.queues import MOST_COUNTED, list_queues

_PACKAGE = "headrace.console"
_SAMPLE_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class JobStats:
    """How many jobs are in each state. Where `is_exact` is False, ended ones are told from a sample."""

    total: int
    pending: int
    scheduled: int
    processing: int
    completed: int
    failed: int
    cancelled: int
    dead: int
    is_exact: bool


@dataclass(frozen=True, slots=True)
class EventStats:
    """How many events there are, were recorded in the last hour, and of each type.

    `last_hour` counts positions, some of which belong to transactions that failed. Where `is_exact` is False,
    `total` is what the server keeps count of, `by_type` is told from a sample, and rare types may be missing.
    """

    total: int
    last_hour: int
    by_type: dict[str, int]
    is_exact: bool


@dataclass(frozen=True, slots=True)
class Stats:
    """What a dashboard shows first."""

    jobs: JobStats
    events: EventStats


async def read_stats(connection: Connection, *, most: int = MOST_COUNTED, now: datetime | None = None) -> Stats:
    """The statistics as they are now. Looks at `most` rows of a table at most, and samples larger ones."""
    sizes: Row = await connection.fetchrow(statement(_PACKAGE, "stats_sizes"), most + 1, now)
    is_few = sizes["ended_counted"] <= most
    ended = await _shares(
        connection,
        statement(_PACKAGE, "stats_ended") if is_few else statement(_PACKAGE, "stats_ended_sample"),
        counted=sizes["ended_counted"] if is_few else None,
        kept=max(sizes["ended_kept"], sizes["ended_counted"]),
    )
    pending, scheduled, processing = await _living(connection, sizes["living_kept"], now)
    is_log_short = sizes["event_counted"] <= most
    types = await _shares(
        connection,
        statement(_PACKAGE, "stats_events") if is_log_short else statement(_PACKAGE, "stats_events_sample"),
        counted=sizes["event_counted"] if is_log_short else None,
        kept=max(sizes["event_kept"], sizes["event_counted"]),
    )
    return Stats(
        JobStats(
            total=pending + scheduled + processing + sum(ended.values()),
            pending=pending,
            scheduled=scheduled,
            processing=processing,
            completed=ended.get("completed", 0),
            failed=ended.get("failed", 0),
            cancelled=ended.get("cancelled", 0),
            dead=ended.get("dead", 0),
            is_exact=is_few and pending < MOST_COUNTED and scheduled < MOST_COUNTED,
        ),
        EventStats(
            total=sum(types.values()) if is_log_short else max(sizes["event_kept"], sizes["event_counted"]),
            last_hour=sizes["last_hour"],
            by_type=dict(sorted(types.items())),
            is_exact=is_log_short,
        ),
    )


async def _shares(connection: Connection, query: str, *, counted: int | None, kept: int) -> dict[str, int]:
    """Counts by name: as they are of a small table, from a sample of a large one."""
    if counted is not None:
        return {row["name"]: row["count"] for row in await connection.fetch(query, counted)}
    rows = await connection.fetch(query, min(100.0, 100.0 * _SAMPLE_ROWS / kept))
    seen = sum(row["count"] for row in rows)
    return {row["name"]: round(row["count"] * kept / seen) for row in rows}


async def _living(connection: Connection, kept: int, now: datetime | None) -> tuple[int, int, int]:
    """Pending, scheduled and running jobs; beyond the bound of counting as many as the server keeps count of."""
    queues = await list_queues(connection, now=now)
    due, later = sum(one.due_count for one in queues), sum(one.later_count for one in queues)
    running = sum(one.running_count for one in queues)
    if any(one.due_count >= MOST_COUNTED for one in queues):
        due = max(due, kept - later - running)
    elif any(one.later_count >= MOST_COUNTED for one in queues):
        later = max(later, kept - due - running)
    return due, later, running
