"""What operators do to subscriptions: pause, resume, skip an event, replay, remove. Each leaves who and why."""

from datetime import datetime

import msgspec

from headrace.db.connection import Connection
from headrace.db.errors import open_transaction
from headrace.db.statements import statement
from headrace.errors import (
    ConfigurationError,
    ParkedStreamNotFoundError,
    SubscriptionNotFoundError,
    SubscriptionServedError,
)
from headrace.events.lanes import record_action
from headrace.events.versions import StreamKey

_PACKAGE = "headrace.events"


async def pause(connection: Connection, name: str, *, reason: str | None = None, actor: str | None = None) -> bool:
    """Lets a subscription rest until it is resumed; False where it does already. Batches at work end.

    Wants a transaction, as all of these do. Raises SubscriptionNotFoundError, TransactionClosedError.
    """
    with open_transaction(connection, doing=f"pause {name}"):
        await _lock(connection, name)
        paused = await connection.fetchval(statement(_PACKAGE, "pause_subscription"), name, True, actor, reason)
        if paused:
            await record_action(connection, name, "pause", {}, reason=reason, actor=actor)
        return paused is True


async def resume(connection: Connection, name: str, *, reason: str | None = None, actor: str | None = None) -> bool:
    """Ends a subscription's pause, and the rests of its lanes after failures; False where there was neither.

    Raises SubscriptionNotFoundError, TransactionClosedError.
    """
    with open_transaction(connection, doing=f"resume {name}"):
        await _lock(connection, name)
        resumed = await connection.fetchval(statement(_PACKAGE, "pause_subscription"), name, False, None, None)
        ended = await connection.fetchval(statement(_PACKAGE, "end_rests"), name)
        if resumed or ended:
            await record_action(connection, name, "resume", {"rests": ended}, reason=reason, actor=actor)
        return bool(resumed or ended)


async def resume_parked(
    connection: Connection,
    name: str,
    position: int | None = None,
    *,
    reason: str | None = None,
    actor: str | None = None,
) -> int:
    """Lets parked streams be handled again: the one that waits at an event's position, or all; how many.

    What waits is handed over in order, beginning with the event that failed. Where one fails again, its
    stream is parked again, at the first failure. Raises SubscriptionNotFoundError,
    ParkedStreamNotFoundError, TransactionClosedError.
    """
    with open_transaction(connection, doing=f"resume what {name} has parked"):
        await _lock(connection, name)
        count = await connection.fetchval(statement(_PACKAGE, "resume_parked"), name, position)
        if position is not None and not count:
            raise ParkedStreamNotFoundError(name, position)
        if count:
            detail: dict[str, object] = {"position": position, "streams": count}
            await record_action(connection, name, "resume", detail, reason=reason, actor=actor)
        return int(count)


async def skip(connection: Connection, name: str, position: int, *, reason: str, actor: str | None = None) -> None:
    """Gives up one event that a parked stream waits at, and lets the stream go on with the next.

    The record keeps the event, its stream and the error. Raises SubscriptionNotFoundError,
    ParkedStreamNotFoundError, ConfigurationError without a reason, TransactionClosedError.
    """
    if not reason.strip():
        raise ConfigurationError(f"skipping event {position} for {name!r} needs a reason; it is kept for ever")
    with open_transaction(connection, doing=f"skip an event for {name}"):
        await _lock(connection, name)
        row = await connection.fetchrow(statement(_PACKAGE, "lock_parked"), name, position)
        if row is None:
            raise ParkedStreamNotFoundError(name, position)
        key, last_error = StreamKey(*row[:3]), row[4]
        event = await connection.fetchrow(statement(_PACKAGE, "event_at"), position)
        following = await connection.fetchrow(statement(_PACKAGE, "unpark_events"), name, *key, position)
        await connection.execute(
            statement(_PACKAGE, "resume_after_skip"), name, *key, None if following is None else following[1]
        )
        detail: dict[str, object] = {
            "position": position,
            "event_id": None if event is None else event[0],
            "event_type": None if event is None else event[1],
            "tenant_id": key.tenant_id,
            "stream": str(key) if key.aggregate_type else None,
            "error": msgspec.Raw(last_error.encode()),
        }
        await record_action(connection, name, "skip", detail, reason=reason, actor=actor)


async def replay(
    connection: Connection, name: str, *, after: int, reason: str | None = None, actor: str | None = None
) -> int:
    """Takes a subscription back, so that it meets all events after a position again; where its furthest lane was.

    What the handler wrote stays: it has to bear the repetition, or its tables are emptied in this
    transaction. Of parked streams, what lies after the position is met again as well. Batches at work
    are waited for. Raises SubscriptionNotFoundError, ConfigurationError, TransactionClosedError.
    """
    if after < 0:
        raise ConfigurationError(f"after must be a position, 0 for all events, got {after}")
    with open_transaction(connection, doing=f"replay {name}"):
        await _lock(connection, name)
        await connection.execute(statement(_PACKAGE, "lock_checkpoints"), name)
        was = await connection.fetchval(statement(_PACKAGE, "rewind_lanes"), name, after)
        for each in (
            statement(_PACKAGE, "rewind_floors"),
            statement(_PACKAGE, "rewind_parked"),
        ):
            await connection.execute(each, name, after)
        await connection.execute(statement(_PACKAGE, "drop_empty_parked"), name)
        await connection.execute(statement(_PACKAGE, "recount_parked"), name)
        await record_action(connection, name, "replay", {"after": after, "was": was}, reason=reason, actor=actor)
        return int(was)


async def remove(connection: Connection, name: str, *, reason: str | None = None, actor: str | None = None) -> int:
    """Ends a subscription whose handler is gone, with all it had parked; where its last lane was.

    Events are no longer kept for it. A worker that has the handler begins it anew. Batches at work are waited for.
    Raises SubscriptionNotFoundError, SubscriptionServedError where a living worker has the handler, and
    ConfigurationError for a build of a projection, which is dropped instead, and for a relay that is not paused.
    """
    with open_transaction(connection, doing=f"remove {name}"):
        await _lock(connection, name)
        row = await connection.fetchrow(statement(_PACKAGE, "standing_of"), name)
        if row is None:
            raise SubscriptionNotFoundError(name)
        if row["projection"] is not None:
            raise ConfigurationError(
                f"subscription {name!r} is that of a build of projection {row['projection']!r}; "
                f"`headrace projections drop {row['projection']}` ends one"
            )
        if row["is_relay"]:
            if not row["is_paused"]:
                raise ConfigurationError(
                    f"subscription {name!r} is read by a relay; stop the relay, `headrace subscriptions pause {name}`, "
                    "then remove it"
                )
        elif serving := await connection.fetch(statement(_PACKAGE, "serving_workers"), name):
            raise SubscriptionServedError(name, [f"{one['id']} ({one['app']} on {one['host']})" for one in serving])
        await connection.execute(statement(_PACKAGE, "lock_checkpoints"), name)
        await connection.execute(statement(_PACKAGE, "remove_subscription"), name)
        detail: dict[str, object] = {"position": row["position"], "parked_events": row["parked_count"]}
        await record_action(connection, name, "remove", detail, reason=reason, actor=actor)
        return int(row["position"])


async def position_at(connection: Connection, moment: datetime) -> int:
    """The position of the last event recorded before a moment; 0 where there is none."""
    return int(await connection.fetchval(statement(_PACKAGE, "position_at"), moment))


async def _lock(connection: Connection, name: str) -> None:
    """Takes the subscription's row: operators take turns, and lanes do not change meanwhile."""
    if await connection.fetchval(statement(_PACKAGE, "lock_subscription"), name) is None:
        raise SubscriptionNotFoundError(name)
