"""Looking at subscriptions: how far each is, what it has parked, what was done to it by hand. Reads only."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from headrace.db.connection import Connection, Row
from headrace.db.statements import statement
from headrace.errors import SubscriptionNotFoundError

_PACKAGE = "headrace.events"

COUNT_LIMIT = 100_000
"""So many events at most are counted as not handled yet; more are told as so many."""


@dataclass(frozen=True, slots=True)
class SubscriptionDetail:
    """One subscription. `position` is what all its lanes have passed, `head` the safe head of that moment.

    `behind_count` events are not handled yet, the oldest of them recorded at `behind_since`, so many
    seconds ago (0 for none); those of parked streams count apart. `resting_count` lanes rest after a
    failure, until `retry_at` at the latest, `last_error` being the newest.
    """

    name: str
    mode: str
    types: list[str] | None
    lane_count: int
    created_at: datetime
    paused_at: datetime | None
    paused_by: str | None
    pause_reason: str | None
    position: int
    head: int
    event_count: int
    resting_count: int
    retry_at: datetime | None
    last_error: Any
    behind_count: int
    behind_since: datetime | None
    behind_seconds: float
    parked_streams: int
    parked_events: int


@dataclass(frozen=True, slots=True)
class ParkedStream:
    """A stream set aside by a subscription: the event it waits at, why, and how many events wait.

    An event outside any stream is parked alone, with no aggregate.
    """

    subscription: str
    tenant_id: str
    aggregate_type: str | None
    aggregate_id: str | None
    position: int
    state: str
    failure_count: int
    last_error: Any
    parked_at: datetime
    event_id: UUID | None
    event_type: str | None
    event_count: int


@dataclass(frozen=True, slots=True)
class SubscriptionAction:
    """What somebody did to a subscription, or a change of its number of lanes."""

    id: int
    subscription: str
    action: str
    detail: Any
    reason: str | None
    actor: str | None
    acted_at: datetime


async def list_subscriptions(
    connection: Connection, name: str | None = None, *, count_limit: int = COUNT_LIMIT
) -> list[SubscriptionDetail]:
    """All subscriptions by name, or the one named. Raises SubscriptionNotFoundError where it does not exist."""
    rows = await connection.fetch(statement(_PACKAGE, "list_subscriptions"), name, count_limit)
    if name is not None and not rows:
        raise SubscriptionNotFoundError(name)
    return [SubscriptionDetail(**_fields(row, "last_error")) for row in rows]


async def list_parked(
    connection: Connection, name: str | None = None, *, position: int | None = None, limit: int = 100
) -> list[ParkedStream]:
    """The parked streams of a subscription, or of all, longest parked first."""
    rows = await connection.fetch(statement(_PACKAGE, "list_parked"), name, position, limit)
    found: list[ParkedStream] = []
    for row in rows:
        fields = _fields(row, "last_error")
        if not fields["aggregate_type"]:
            fields["aggregate_type"] = fields["aggregate_id"] = None
        found.append(ParkedStream(**fields))
    return found


async def list_actions(connection: Connection, name: str | None = None, *, limit: int = 50) -> list[SubscriptionAction]:
    """What was done to a subscription, or to all, newest first."""
    rows = await connection.fetch(statement(_PACKAGE, "list_actions"), name, limit)
    return [SubscriptionAction(**_fields(row, "detail")) for row in rows]


def _fields(row: Row, json_field: str) -> dict[str, Any]:
    fields = dict(row.items())
    text = fields[json_field]
    fields[json_field] = None if text is None else msgspec.json.decode(text)
    return fields
