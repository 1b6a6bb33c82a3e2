"""Checkpoints: how far each lane of a subscription is, and the lease that its row is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from headrace.db.connection import Connection, Row
from headrace.db.statements import statement
from headrace.events.event_class import unwanted_class
from headrace.events.subscription import Subscription, type_list

_PACKAGE = "headrace.events"


@dataclass(frozen=True, slots=True)
class LaneBehind:
    """A lane with something to do.

    There are positions between its checkpoint and how far it may look (`reach`), or a parked stream is
    to be resumed.
    """

    lane: int
    position: int
    reach: int
    has_events: bool
    has_resuming: bool
    generation: int


@dataclass(frozen=True, slots=True)
class HeldLane:
    """A lane whose checkpoint this transaction has locked: nobody else works on it until it ends.

    `lane_count` is how many lanes there are now, whatever this process was told; `generation` grows
    when that changes. With `has_floor`, lanes of an earlier number have handled some of what lies ahead.
    """

    lane: int
    position: int
    reach: int
    failure_count: int
    lane_count: int
    generation: int
    parked_count: int = 0
    has_floor: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """What is asked about one subscription: its lanes, as far as `window` positions ahead."""

    subscription: Subscription
    window: int

    @property
    def passed(self) -> str:
        """The class of events it passes over; empty where there is none."""
        return unwanted_class(type_list(self.subscription))


def look_behind(looks: Sequence[Look], *, now: datetime | None) -> tuple[str, Any, Any, Any, Any, Any]:
    """The statement and its arguments for looks that pass the same class over; see `read_behind`."""
    types = [type_list(one.subscription) for one in looks]
    return (
        statement(_PACKAGE, "lanes_behind"),
        [one.subscription.name for one in looks],
        [None if each is None else msgspec.json.encode(each).decode() for each in types],
        [one.window for one in looks],
        now,
        looks[0].passed,
    )


def read_behind(rows: Sequence[Row], count: int) -> list[list[LaneBehind]]:
    """For each of so many looks the lanes with something to do, the furthest behind first.

    Without those resting after a failure, and none of a subscription that is paused.
    """
    return [[LaneBehind(*tuple(row)[1:]) for row in rows if row["number"] == number] for number in range(1, count + 1)]


async def lock_lane(
    connection: Connection,
    subscription: Subscription,
    lane: int,
    *,
    window: int,
    silence: timedelta,
    now: datetime | None,
) -> HeldLane | None:
    """Takes a lane for the current transaction, or None where another has it, it rests, or all are paused.

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
    if row is None:
        return None
    position, failure_count, reach, lane_count, generation, parked_count, has_floor, _ = row
    return HeldLane(lane, position, reach, failure_count, lane_count, generation, parked_count, has_floor)


async def read_lane(connection: Connection, subscription: Subscription, held: HeldLane, *, limit: int) -> list[Row]:
    """The rows of the next events of a held lane, for `stored_events`."""
    wanted = type_list(subscription)
    arguments = held.position, held.reach, wanted, held.lane_count, held.lane, limit
    passed = unwanted_class(wanted)
    if held.has_floor:
        return await connection.fetch(
            statement(_PACKAGE, "read_lane_above_floors"), *arguments, subscription.name, passed
        )
    return await connection.fetch(statement(_PACKAGE, "read_lane"), *arguments, passed)


async def move_checkpoint(
    connection: Connection, subscription: Subscription, held: HeldLane, *, to: int, event_count: int
) -> bool:
    """Moves a held lane; False where it is no longer where it was when it was taken."""
    moved = await connection.fetchval(
        statement(_PACKAGE, "move_checkpoint"), subscription.name, held.lane, held.position, to, event_count
    )
    return moved is True


def skip_ahead(skips: Sequence[tuple[Subscription, LaneBehind]]) -> tuple[str, Any, Any, Any, Any, Any]:
    """The statement and arguments that move lanes over what holds nothing for them, except those at work elsewhere."""
    return (
        statement(_PACKAGE, "skip_ahead"),
        [subscription.name for subscription, _ in skips],
        [lane.lane for _, lane in skips],
        [lane.position for _, lane in skips],
        [lane.reach for _, lane in skips],
        [lane.generation for _, lane in skips],
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
        held.generation,
    )


async def caught_up_to(connection: Connection, name: str) -> int | None:
    """The position that every lane of a subscription has passed; None where it does not exist."""
    return await connection.fetchval(statement(_PACKAGE, "caught_up_to"), name)


async def next_retry(
    connection: Connection, subscriptions: Sequence[str], *, now: datetime | None = None
) -> datetime | None:
    """When the next lane of these subscriptions that rests after a failure is due; None where none rests."""
    return await connection.fetchval(statement(_PACKAGE, "next_retry"), list(subscriptions), now)


async def lane_positions(connection: Connection, name: str) -> list[tuple[int, int]]:
    """Each lane of a subscription with its position, in the order of lanes."""
    rows = await connection.fetch(statement(_PACKAGE, "lane_positions"), name)
    return [(row[0], row[1]) for row in rows]
