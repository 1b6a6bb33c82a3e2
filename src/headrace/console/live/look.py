"""One look at the database, for everybody who watches: a fixed number of statements, each bounded."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from headrace.db.connection import Connection
from headrace.db.statements import statement
from headrace.events.browse import EventDetail, list_events
from headrace.events.survey import SubscriptionDetail, list_subscriptions
from headrace.jobs.browse import WorkerSummary, list_workers
from headrace.jobs.queues import QueueSummary, list_queues

_PACKAGE = "headrace.console.live"
SAMPLE_SIZE = 1_000
MOST_DEAD = 10_000
MOST_BEHIND = 2_000
_MOST_NEW_EVENTS = 25


@dataclass(frozen=True, slots=True)
class Totals:
    """What has been written since the server's statistics began, and about how many rows there are."""

    jobs: int
    ends: int
    failures: int
    events: int
    job_rows: int
    event_rows: int


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds at the median, the 95th and the 99th percentile."""

    p50: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True)
class Sample:
    """The youngest ended jobs, `SAMPLE_SIZE` at most: how many, since when, how they ended, how long they took."""

    count: int
    since: datetime | None
    completed_count: int
    wait: Latency | None
    run: Latency | None


@dataclass(frozen=True, slots=True)
class LogHead:
    """The safe head, and how long ago it was found; `newest` may be beyond it."""

    position: int
    newest: int
    age: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was seen, by the server's clock at `at`."""

    at: datetime
    totals: Totals
    sample: Sample
    dead_count: int
    head: LogHead
    queues: tuple[QueueSummary, ...]
    workers: tuple[WorkerSummary, ...]
    subscriptions: tuple[SubscriptionDetail, ...]
    new_events: tuple[EventDetail, ...]


async def look(connection: Connection, *, seen_position: int | None) -> Look:
    """Looks once. `new_events` are those after `seen_position`, the newest few; none where it is None."""
    written = {row["name"]: row for row in await connection.fetch(statement(_PACKAGE, "count_written"))}
    ends = await connection.fetch(statement(_PACKAGE, "sample_ends"), SAMPLE_SIZE)
    (log,) = await connection.fetch(statement(_PACKAGE, "look_at_log"))
    new_events: list[EventDetail] = []
    if seen_position is not None and log["position"] > seen_position:
        new_events = await list_events(connection, after=seen_position, limit=_MOST_NEW_EVENTS)
    return Look(
        at=log["now"],
        totals=Totals(
            jobs=written["job"]["written_count"],
            ends=written["outcome"]["written_count"],
            failures=written["failure"]["written_count"],
            events=written["event"]["written_count"],
            job_rows=written["job"]["row_count"],
            event_rows=written["event"]["row_count"],
        ),
        sample=Sample(
            count=len(ends),
            since=min((row["ended_at"] for row in ends), default=None),
            completed_count=sum(row["state"] == "completed" for row in ends),
            wait=latency([row["wait_seconds"] for row in ends if row["wait_seconds"] is not None]),
            run=latency([row["run_seconds"] for row in ends if row["run_seconds"] is not None]),
        ),
        dead_count=await connection.fetchval(statement(_PACKAGE, "count_dead"), MOST_DEAD),
        head=LogHead(log["position"], log["newest"], log["now"] - log["settled_at"]),
        queues=tuple(await list_queues(connection)),
        workers=tuple(await list_workers(connection)),
        subscriptions=tuple(await list_subscriptions(connection, count_limit=MOST_BEHIND)),
        new_events=tuple(new_events),
    )


def latency(seconds: Sequence[float]) -> Latency | None:
    """The percentiles of a sample, each a value of it (nearest rank); None of nothing."""
    if not seconds:
        return None
    ordered = sorted(seconds)

    def at(percent: int) -> float:
        return ordered[max(0, -(-percent * len(ordered) // 100) - 1)]

    return Latency(at(50), at(95), at(99))
