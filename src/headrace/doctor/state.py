"""How the database stands, as measures: queues, workers, the safe head, subscriptions. Reads only."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from headrace.db.connection import Connection, Row
from headrace.db.statements import statement
from headrace.events.survey import SubscriptionDetail, list_subscriptions
from headrace.jobs.browse import list_workers
from headrace.jobs.queues import QueueSummary, list_queues
from headrace.telemetry import measures as m
from headrace.telemetry.measures import Measure

_PACKAGE = "headrace.doctor"


@dataclass(frozen=True, slots=True)
class Sample:
    """The value of one measure with these labels."""

    measure: Measure
    labels: tuple[str, ...]
    value: float


async def read_state(connection: Connection, *, now: datetime | None = None) -> list[Sample]:
    """All measures of the database as they are now. What is counted is bounded, so it costs the same at any size."""
    return [
        *_of_queues(await list_queues(connection, now=now)),
        Sample(m.WORKERS, (), sum(one.stopping_at is None for one in await list_workers(connection))),
        *_of_head(await connection.fetchrow(statement(_PACKAGE, "log"))),
        *_of_subscriptions(await list_subscriptions(connection)),
    ]


def _of_queues(queues: Sequence[QueueSummary]) -> Iterator[Sample]:
    for one in queues:
        for state, count in (("due", one.due_count), ("later", one.later_count), ("running", one.running_count)):
            yield Sample(m.QUEUE_DEPTH, (one.name, state), count)
        yield Sample(m.QUEUE_PAUSED, (one.name,), float(one.is_paused))


def _of_head(row: Row) -> Iterator[Sample]:
    lag = max(0, row["newest"] - row["position"])
    yield Sample(m.HEAD_LAG, (), lag)
    yield Sample(m.HEAD_AGE, (), row["settled_seconds_ago"] if lag else 0.0)


def _of_subscriptions(subscriptions: Sequence[SubscriptionDetail]) -> Iterator[Sample]:
    for one in subscriptions:
        yield Sample(m.LAG_EVENTS, (one.name,), one.behind_count)
        yield Sample(m.LAG_SECONDS, (one.name,), one.behind_seconds)
        yield Sample(m.PARKED_STREAMS, (one.name,), one.parked_streams)
        yield Sample(m.PARKED_EVENTS, (one.name,), one.parked_events)
