"""The relay: publishes a subscription's events to a broker, in the order of their positions."""

import asyncio
import logging
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from headrace.db.connection import Connection, Pool, Row
from headrace.db.statements import statement
from headrace.errors import ConfigurationError, HeadraceError
from headrace.events import checkpoint, lanes
from headrace.events.checkpoint import HeldLane
from headrace.events.failure import describe_failure
from headrace.events.lookout import Lookout
from headrace.events.read import id_at
from headrace.events.skipping import Skipping
from headrace.events.subscription import Subscription
from headrace.relay.broker import Broker, ForeignStreamError, Message, RelayError
from headrace.service import AGAIN, Service
from headrace.telemetry import Telemetry

_PACKAGE = "headrace.relay"
_WINDOW = 10_000
_CHUNK_BYTES = 4 * 1024 * 1024
_SHORTEST_REST = 0.25


class Relay(Service):
    """Publishes each event at least once, in order, with a checkpoint that moves after the broker has confirmed.

    Any number of processes may run it; one at a time publishes, the one that holds the lock of the checkpoint's row.
    Whenever it does not know for certain where the stream ends (at first, after an error, after another has
    published) it asks the broker. So events that were published before a crash are not published again, and
    those that the broker has lost since are. A batch may take `patience` to be confirmed. After an error it rests,
    250 ms doubling to `longest_rest`; no event is ever passed over.
    """

    def __init__(
        self,
        pool: Pool,
        subscription: Subscription,
        broker: Broker,
        *,
        telemetry: Telemetry,
        idle: timedelta = timedelta(seconds=1),
        patience: timedelta = timedelta(seconds=20),
        longest_rest: timedelta = timedelta(seconds=10),
        skip_interval: timedelta = timedelta(milliseconds=250),
    ) -> None:
        super().__init__(f"relay-{subscription.name}", telemetry=telemetry, idle=idle)
        if subscription.lanes != 1:
            raise ConfigurationError(
                f"a relay keeps the order of all events and has one lane, got {subscription.lanes}"
            )
        self.subscription = subscription
        self._pool = pool
        self._broker = broker
        self._patience = patience
        self._longest_rest = longest_rest
        self._lookout = Lookout(pool)
        self._skipping = Skipping(self._lookout, subscription, window=_WINDOW, interval=skip_interval)
        self._is_registered = False
        self._published_to: int | None = None
        """Where the stream ends, if it is known."""
        self._left_at: int | None = None
        """Where this relay has left the checkpoint."""

    async def run_once(self) -> timedelta | None:
        if not self._is_registered:
            await self.register()
        behind = await self._lookout.behind(self.subscription, window=_WINDOW)
        if not behind:
            return None
        if not behind[0].has_events:
            return await self._skipping.skip(behind)
        return await self._advance()

    async def register(self) -> None:
        """Makes the subscription's rows where they are missing.

        Raises ConfigurationError, and changes nothing, where the name is that of a handler with several lanes.
        """
        name = self.subscription.name
        async with self._pool.acquire() as connection, connection.transaction():
            before = await lanes.register(connection, self.subscription)
            if before != 1:
                raise ConfigurationError(
                    f"subscription {name!r} has {before} lanes, so it is that of a handler; name the relay otherwise"
                )
            await connection.execute(statement(_PACKAGE, "mark_relay"), name)
        self._is_registered = True

    async def on_stop(self) -> None:
        self._published_to = None
        await self._broker.close()

    async def _advance(self) -> timedelta | None:
        """One batch, under the lock of the checkpoint."""
        held: HeldLane | None = None
        rows: Sequence[Row] = ()
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                held = await checkpoint.lock_lane(
                    connection, self.subscription, 0, window=_WINDOW, silence=3 * self._patience, now=None
                )
                if held is None:
                    return None  # another relay has it
                rows = await self._page(connection, held)
                published_count = await self._publish_in_time(connection, held, rows)
                await self._move(connection, held, rows)
        except Exception as error:
            self._published_to = None
            if held is None or not rows:
                raise
            return await self._fail(held, rows, error)
        self.telemetry.emit(
            "relay.published",
            subscription=self.subscription.name,
            event_count=published_count,
            known_count=len(rows) - published_count,
            position=self._left_at,
        )
        return AGAIN

    async def _page(self, connection: Connection, held: HeldLane) -> list[Row]:
        return await checkpoint.read_lane(connection, self.subscription, held, limit=self.subscription.batch_size)

    async def _move(self, connection: Connection, held: HeldLane, rows: Sequence[Row]) -> None:
        reached = self._end_of(held, rows)
        if not await checkpoint.move_checkpoint(connection, self.subscription, held, to=reached, event_count=len(rows)):
            raise HeadraceError(f"the checkpoint of {self.subscription.name!r} is no longer at {held.position}")
        self._left_at = reached

    async def _publish_in_time(self, connection: Connection, held: HeldLane, rows: Sequence[Row]) -> int:
        try:
            async with asyncio.timeout(self._patience.total_seconds()):
                if self._published_to is None or self._left_at != held.position:
                    await self._find_place(connection, held)
                return await self._publish(rows)
        except TimeoutError as error:
            raise RelayError(
                f"{self._broker.stream} did not confirm {len(rows)} events within {self._patience}"
            ) from error

    async def _find_place(self, connection: Connection, held: HeldLane) -> None:
        """Asks the broker where its stream ends; publishes what lies between that and the checkpoint."""
        await self._broker.connect()
        place = await self._broker.newest()
        self.telemetry.emit(
            "relay.connected",
            level=logging.INFO,
            subscription=self.subscription.name,
            stream=self._broker.stream,
            position=None if place is None else place.position,
        )
        if place is None:
            self._published_to = held.position
            return
        is_here = await id_at(connection, place.position)
        # One that retention has taken out of the log since is behind the checkpoint.
        is_ours = place.position <= held.position if is_here is None else place.event_id in (None, is_here)
        if not is_ours:
            raise ForeignStreamError(self._broker.stream, place)
        self._published_to = place.position
        while self._published_to < held.position:
            lost = replace(held, position=self._published_to, reach=held.position)
            rows = await self._page(connection, lost)
            await self._publish(rows)
            self._published_to = self._end_of(lost, rows)

    async def _publish(self, rows: Sequence[Row]) -> int:
        """Publishes what is not in the stream yet; how many events that were."""
        known = self._published_to or 0
        count = 0
        for chunk in _chunks(row for row in rows if row["position"] > known):
            await self._broker.publish(chunk)
            self._published_to = chunk[-1].position
            count += len(chunk)
        return count

    def _end_of(self, held: HeldLane, rows: Sequence[Row]) -> int:
        is_full = len(rows) == self.subscription.batch_size
        return int(rows[-1]["position"]) if is_full else held.reach

    async def _fail(self, held: HeldLane, rows: Sequence[Row], error: Exception) -> timedelta:
        """After the rollback: notes what happened, and rests."""
        await self._broker.close()
        seconds = min(_SHORTEST_REST * 2 ** min(held.failure_count, 16), self._longest_rest.total_seconds())
        retry_in = timedelta(seconds=seconds * random.uniform(1, 1.1))  # noqa: S311 - jitter, no secret
        position, event_id, event_type = rows[0][:3]
        async with self._pool.acquire() as connection:
            await checkpoint.record_failure(
                connection,
                self.subscription,
                held,
                retry_in=retry_in,
                error=describe_failure(error, position=position, event_id=event_id, event_type=event_type),
                now=None,
            )
        self.telemetry.emit(
            "relay.failed",
            level=logging.WARNING,
            error=error if held.failure_count == 0 else None,
            subscription=self.subscription.name,
            stream=self._broker.stream,
            position=position,
            reason=repr(error),
            retry_in=retry_in,
        )
        return retry_in


def _chunks(rows: Iterator[Row]) -> Iterator[list[Message]]:
    """The events as messages, some megabytes at a time."""
    chunk: list[Message] = []
    size = 0
    for row in rows:
        message = Message.of(row)
        if chunk and size + len(message.body) > _CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
        chunk.append(message)
        size += len(message.body)
    if chunk:
        yield chunk
