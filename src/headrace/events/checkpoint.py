"""Checkpoints: how far each lane of a subscription is, and the lease that its row is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from headrace.db.connection import Connection, Row
from headrace.db.statements import statement
from headrace.errors import ConfigurationError
from headrace.events.subscription import Subscription

_PACKAGE = "headrace.events"


@dataclass(frozen=True, slots=True)
class LaneBehind:
    """A lane with positions between its checkpoint and how far it may look (`reach`)."""

    lane: int
    position: int
    reach: int
    has_events: bool


@dataclass(frozen=True, slots=True)
class HeldLane:
    """A lane whose checkpoint this transaction has locked: nobody else works on it until it ends."""

    lane: int
    position: int
    reach: int
    failure_count: int


async def register(connection: Connection, subscription: Subscription) -> None:
    """Makes the subscription and its checkpoints where they are missing. Wants a transaction.

    Raises ConfigurationError where it already has another number of lanes: streams would change
    lanes, and lanes are not at the same position.
    """
    lane_count = await connection.fetchval(
        statement(_PACKAGE, "register_subscription"), subscription.name, subscription.mode, subscription.lanes
    )
    if lane_count != subscription.lanes:
        raise ConfigurationError(
            f"subscription {subscription.name!r} was begun with {lane_count} lanes, the code says "
            f"{subscription.lanes}; write lanes={lane_count}, or give the handler a new name to begin anew"
        )
    await connection.execute(
        statement(_PACKAGE, "make_checkpoints"),
        subscription.name,
        subscription.lanes,
        subscription.start == "now",
    )


async def lanes_behind(
    connection: Connection, subscription: Subscription, *, window: int, now: datetime | None
) -> list[LaneBehind]:
    """The lanes with something to pass, the furthest behind first, without those resting after a failure."""
    rows = await connection.fetch(
        statement(_PACKAGE, "lanes_behind"),
        subscription.name,
        _types(subscription),
        subscription.lanes,
        window,
        now,
    )
    return [LaneBehind(row[0], row[1], row[2], row[3]) for row in rows]


async def lock_lane(
    connection: Connection,
    subscription: Subscription,
    lane: int,
    *,
    window: int,
    silence: timedelta,
    now: datetime | None,
) -> HeldLane | None:
    """Takes a lane for the current transaction, or None where another has it or it rests.

    The server ends this session when it is idle in the transaction for longer than `silence`, so that
    a worker cut off by the network cannot keep the lane.
    """
    row = await connection.fetchrow(
        statement(_PACKAGE, "lock_lane"),
        subscription.name,
        lane,
        window,
        str(int(silence.total_seconds() * 1000)),
        now,
    )
    return None if row is None else HeldLane(lane, row[0], row[2], row[1])


async def read_lane(connection: Connection, subscription: Subscription, held: HeldLane, *, limit: int) -> list[Row]:
    """The rows of the next events of a held lane, for `stored_events`."""
    return await connection.fetch(
        statement(_PACKAGE, "read_lane"),
        held.position,
        held.reach,
        _types(subscription),
        subscription.lanes,
        held.lane,
        limit,
    )


async def move_checkpoint(
    connection: Connection, subscription: Subscription, held: HeldLane, *, to: int, event_count: int
) -> bool:
    """Moves a held lane; False where it is no longer where it was when it was taken."""
    moved = await connection.fetchval(
        statement(_PACKAGE, "move_checkpoint"), subscription.name, held.lane, held.position, to, event_count
    )
    return moved is True


async def skip_ahead(connection: Connection, subscription: Subscription, lanes: Sequence[LaneBehind]) -> None:
    """Moves lanes over what holds nothing for them, except those at work elsewhere."""
    await connection.execute(
        statement(_PACKAGE, "skip_ahead"),
        subscription.name,
        [lane.lane for lane in lanes],
        [lane.position for lane in lanes],
        [lane.reach for lane in lanes],
    )


async def record_failure(
    connection: Connection,
    subscription: Subscription,
    held: HeldLane,
    *,
    retry_in: timedelta,
    error: Mapping[str, object],
    now: datetime | None,
) -> None:
    """Lets a lane rest after a failure; changes nothing where it has moved on since."""
    await connection.execute(
        statement(_PACKAGE, "record_failure"),
        subscription.name,
        held.lane,
        held.position,
        retry_in,
        msgspec.json.encode(error).decode(),
        now,
    )


async def caught_up_to(connection: Connection, name: str) -> int | None:
    """The position that every lane of a subscription has passed; None where it does not exist."""
    return await connection.fetchval(statement(_PACKAGE, "caught_up_to"), name)


def _types(subscription: Subscription) -> list[str] | None:
    return None if subscription.types is None else sorted(subscription.types)


async def next_retry(
    connection: Connection, subscriptions: Sequence[str], *, now: datetime | None = None
) -> datetime | None:
    """When the next lane of these subscriptions that rests after a failure is due; None where none rests."""
    return await connection.fetchval(statement(_PACKAGE, "next_retry"), list(subscriptions), now)
