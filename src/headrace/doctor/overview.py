"""What goes on just now, in one look of bounded cost: queues, workers, what runs, subscriptions, the safe head."""

from dataclasses import dataclass
from datetime import datetime

from headrace.db.connection import Connection, Row
from headrace.db.statements import statement
from headrace.doctor.facts import Log, Running
from headrace.events.survey import SubscriptionDetail, list_subscriptions
from headrace.jobs.browse import WorkerSummary, list_workers
from headrace.jobs.queues import QueueSummary, list_queues

_PACKAGE = "headrace.doctor"


@dataclass(frozen=True, slots=True)
class Inserted:
    """How many jobs and events were stored and jobs ended, as the server counts, which lags by a second."""

    jobs: int
    ended: int
    events: int
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Overview:
    """What one look finds."""

    inserted: Inserted
    queues: tuple[QueueSummary, ...]
    workers: tuple[WorkerSummary, ...]
    running: tuple[Running, ...]
    subscriptions: tuple[SubscriptionDetail, ...]
    log: Log


@dataclass(frozen=True, slots=True)
class Pace:
    """How many a second were stored and ended between two looks."""

    enqueued: float
    ended: float
    appended: float


async def look(connection: Connection, *, now: datetime | None = None) -> Overview:
    """Looks once. Reads only."""
    inserted: Row = await connection.fetchrow(statement(_PACKAGE, "inserted"))
    log: Row = await connection.fetchrow(statement(_PACKAGE, "log"))
    return Overview(
        inserted=Inserted(**dict(inserted.items())),
        queues=tuple(await list_queues(connection, now=now)),
        workers=tuple(await list_workers(connection)),
        running=tuple(Running(**dict(row.items())) for row in await connection.fetch(statement(_PACKAGE, "running"))),
        subscriptions=tuple(await list_subscriptions(connection)),
        log=Log(**dict(log.items())),
    )


def pace(before: Inserted, after: Inserted) -> Pace | None:
    """The pace between two looks; None where no time has passed. A partition dropped between takes none back."""
    seconds = (after.seen_at - before.seen_at).total_seconds()
    if seconds <= 0:
        return None
    jobs, ended, events = (
        max(0, getattr(after, name) - getattr(before, name)) / seconds for name in ("jobs", "ended", "events")
    )
    return Pace(jobs, ended, events)
