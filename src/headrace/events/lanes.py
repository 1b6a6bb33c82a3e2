"""The lanes of a subscription: begun with it, and changed in number while it runs, losing and repeating nothing."""

import msgspec

from headrace.context import current
from headrace.db.connection import Connection
from headrace.db.statements import statement
from headrace.events.subscription import Subscription, type_list

_PACKAGE = "headrace.events"


async def register(connection: Connection, subscription: Subscription) -> int:
    """Makes the subscription and its lanes where they are missing, and gives it the number of lanes asked for.

    The number of lanes it had before; as many as asked for where nothing changed. Wants a transaction.
    """
    known = await connection.fetchval(
        statement(_PACKAGE, "register_subscription"),
        subscription.name,
        subscription.mode,
        subscription.lanes,
        type_list(subscription),
    )
    starts_at = None if isinstance(subscription.start, str) else subscription.start
    await connection.execute(
        statement(_PACKAGE, "make_checkpoints"),
        subscription.name,
        known,
        subscription.start == "now",
        starts_at,
    )
    if known != subscription.lanes:
        await _change(connection, subscription.name, known, subscription.lanes)
    return int(known)


async def _change(connection: Connection, name: str, before: int, after: int) -> None:
    """Begins new lanes where the furthest behind of the old ones is.

    What the others had handled beyond that is kept as floors of the old lanes: an event is handled if the
    lane it was in had passed it, in whichever earlier generation. Batches at work are waited for; those
    that come after find lanes of the new number, whatever number their own process was told.
    """
    position = await connection.fetchval(statement(_PACKAGE, "lock_checkpoints"), name)
    await connection.execute(statement(_PACKAGE, "keep_floors"), name, position)
    await connection.execute(statement(_PACKAGE, "drop_floors"), name, position)
    event_count = await connection.fetchval(statement(_PACKAGE, "drop_checkpoints"), name)
    await connection.execute(statement(_PACKAGE, "set_lane_count"), name, after)
    await connection.execute(statement(_PACKAGE, "begin_lanes"), name, position, event_count)
    await record_action(connection, name, "lanes", {"before": before, "after": after, "position": position})


async def record_action(
    connection: Connection,
    name: str,
    action: str,
    detail: dict[str, object],
    *,
    reason: str | None = None,
    actor: str | None = None,
) -> None:
    """Notes what was done to a subscription, in the transaction it was done in."""
    await connection.execute(
        statement(_PACKAGE, "record_action"),
        name,
        action,
        msgspec.json.encode(detail).decode(),
        reason,
        actor,
        current().request_id,
    )
