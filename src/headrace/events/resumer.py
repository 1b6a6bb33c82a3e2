"""Hands over what waits in parked streams that were told to go on."""

import logging
from collections.abc import Sequence
from typing import Generic

from headrace.db.connection import Row
from headrace.events import checkpoint, parking
from headrace.events.delivery import Delivery, T
from headrace.events.failure import describe_failure
from headrace.events.versions import StreamKey


class Resumer(Generic[T]):
    """Takes one batch at a time out of a lane's resuming streams, in the order of their positions.

    All of it under the lane's lock: while a batch is handled, nothing can be queued behind it, so that a
    stream that has become empty is parked no longer and its next event comes by its lane again. A batch
    that fails is tried again at half its size; the one event that fails parks the stream again.
    """

    def __init__(self, delivery: Delivery[T]) -> None:
        self._delivery = delivery
        self._sizes: dict[StreamKey, int] = {}

    async def advance(self, lane: int) -> bool:
        """One batch of one stream; whether anything came of it, be it a failure."""
        one = self._delivery
        name = one.subscription.name
        key: StreamKey | None = None
        rows: Sequence[Row] = ()
        try:
            async with one.begin() as transaction:
                connection = transaction.own_connection
                held = await checkpoint.lock_lane(
                    connection,
                    one.subscription,
                    lane,
                    window=one.window,
                    silence=one.silence,
                    now=one.clock.override(),
                )
                stream = None if held is None else await parking.next_resuming(connection, name, held)
                if held is None or stream is None:
                    return False
                key = stream.key
                size = self._sizes.get(key, one.subscription.batch_size)
                rows = await parking.read_parked(connection, name, key, limit=size)
                if rows:
                    await one.apply_rows(transaction, rows)
                has_ended = await parking.take_out(connection, name, held, key, rows)
        except Exception as error:
            if key is None or not rows:
                raise
            await self._fail(lane, key, rows, error)
            return True
        if has_ended:
            self._sizes.pop(key, None)
        one.telemetry.emit(
            "subscription.resumed",
            level=logging.INFO,
            subscription=name,
            lane=lane,
            stream=str(key),
            event_count=len(rows),
            has_ended=has_ended,
        )
        return True

    async def _fail(self, lane: int, key: StreamKey, rows: Sequence[Row], error: Exception) -> None:
        one = self._delivery
        if len(rows) > 1:
            self._sizes[key] = len(rows) // 2
            one.telemetry.emit(
                "subscription.halved",
                level=logging.INFO,
                subscription=one.subscription.name,
                lane=lane,
                event_count=len(rows),
                reason=repr(error),
            )
            return
        self._sizes.pop(key, None)
        position, event_id, event_type = rows[0][:3]
        async with one.pool.acquire() as connection:
            await parking.park_again(
                connection,
                one.subscription.name,
                key,
                position=position,
                error=describe_failure(error, position=position, event_id=event_id, event_type=event_type),
                now=one.clock.override(),
            )
        one.telemetry.emit(
            "subscription.parked",
            level=logging.ERROR,
            error=error,
            subscription=one.subscription.name,
            lane=lane,
            stream=str(key),
            position=position,
            event_type=event_type,
        )
