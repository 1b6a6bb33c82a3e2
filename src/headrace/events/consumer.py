"""The consumer: hands a subscription's events to its handler, batch by batch, exactly once."""

import logging
import random
from dataclasses import replace
from datetime import timedelta
from typing import Generic

from headrace.clock import Clock, SystemClock
from headrace.db.connection import Connection, Pool
from headrace.errors import ConfigurationError, HeadraceError
from headrace.events import checkpoint, lanes, parking
from headrace.events.batch import LEAST_SPAN, Batch
from headrace.events.delivery import Apply, ApplyRows, ApplySpan, Begin, Delivery, T, decoded
from headrace.events.failure import describe_failure, retry_delay
from headrace.events.lookout import Lookout
from headrace.events.resumer import Resumer
from headrace.events.schema import EventRegistry
from headrace.events.skipping import Skipping
from headrace.events.subscription import Subscription
from headrace.service import AGAIN, Service
from headrace.telemetry import Telemetry

_WINDOW = 10_000
"""Positions a lane looks ahead at a time: bounds what a turn without events for it can cost."""


class Consumer(Service, Generic[T]):
    """The loop of one subscription in one process; any number of processes may run it.

    Each turn takes the lanes that are behind the head one after the other: locks the checkpoint's row,
    reads the next events, applies them and moves the checkpoint, all in one transaction. The row's
    lock is the lane's lease, so a lane is worked on once at a time, and a worker that dies gives it
    back with everything it had not committed.

    A batch that fails is tried again at half its size, down to the one event that fails; the lane then
    rests for 2^n s, at most five minutes, jittered. After as many attempts as the subscription grants the
    event's stream is parked: its later events queue behind it, until an operator resumes it or skips the
    event; all others go on. `silence` is how long a handler may leave its transaction idle before the server
    takes the lane away. Lanes for which the log holds nothing are moved at most every `skip_interval`.
    `window` is how many positions a lane looks ahead, and `apply_rows` stands in for `apply` where the events
    are not wanted decoded. Consumers that share a `lookout` look together.

    With `apply_span` events are not read here at all: a span of at most `size_limit` positions is handled at once,
    but for lanes that rest, have parked streams or were divided otherwise, and where a span fails.
    """

    def __init__(
        self,
        pool: Pool,
        registry: EventRegistry,
        subscription: Subscription,
        *,
        begin: Begin[T],
        apply: Apply[T] | None = None,
        apply_rows: ApplyRows[T] | None = None,
        apply_span: ApplySpan[T] | None = None,
        telemetry: Telemetry,
        clock: Clock | None = None,
        idle: timedelta = timedelta(seconds=1),
        silence: timedelta = timedelta(seconds=60),
        skip_interval: timedelta = timedelta(milliseconds=250),
        window: int = _WINDOW,
        lookout: Lookout | None = None,
    ) -> None:
        super().__init__(f"consumer-{subscription.name}", telemetry=telemetry, idle=idle, is_in_step=True)
        if apply_rows is None:
            if apply is None:
                raise ConfigurationError(f"consumer of {subscription.name!r} needs apply or apply_rows")
            apply_rows = decoded(registry, apply)
        self.subscription = subscription
        self.size_limit = subscription.batch_size
        """The most events of a batch, or positions of a span; may be changed between two turns."""
        self._apply_span = apply_span
        self._delivery = Delivery(
            pool=pool,
            subscription=subscription,
            begin=begin,
            apply_rows=apply_rows,
            telemetry=telemetry,
            clock=clock or SystemClock(),
            silence=silence,
            window=window,
        )
        self._resumer = Resumer(self._delivery)
        self._pool = pool
        self._lookout = lookout or Lookout(pool, clock=clock)
        self._skipping = Skipping(self._lookout, subscription, window=window, interval=skip_interval)
        self.has_moved = False
        """Whether the last turn got anywhere, be it to a failure to try again at once."""
        self._sizes: dict[int, int] = {}
        self._is_registered = False

    async def run_once(self) -> timedelta | None:
        if not self._is_registered:
            await self.register()
        self.has_moved = False
        behind = await self._lookout.behind(self.subscription, window=self._delivery.window)
        has_more = False
        for lane in behind:
            if lane.has_resuming and not self.is_stopping:
                has_more |= await self._resumer.advance(lane.lane)
            if lane.has_events and not self.is_stopping:
                has_more |= await self._advance(lane.lane)
        self.has_moved |= has_more
        rest = await self._skipping.skip(
            [lane for lane in behind if not lane.has_events and lane.position < lane.reach]
        )
        return AGAIN if has_more else rest

    async def register(self) -> None:
        """Makes the subscription's rows where they are missing, and gives it its number of lanes."""
        async with self._pool.acquire() as connection, connection.transaction():
            before = await self.register_on(connection)
        self._is_registered = True
        if before != self.subscription.lanes:
            self.telemetry.emit(
                "subscription.lanes",
                level=logging.INFO,
                subscription=self.subscription.name,
                before=before,
                after=self.subscription.lanes,
            )

    async def register_on(self, connection: Connection) -> int:
        """The same in a transaction given; the number of lanes there were before."""
        return await lanes.register(connection, self.subscription)

    async def _advance(self, lane: int) -> bool:
        """One batch of one lane; whether there may be more to do at once, be it after a failure.

        There is not where it came up to the head: a move of the head wakes everybody.
        """
        batch: Batch | None = None
        try:
            async with self._delivery.begin() as transaction:
                batch = await self._take(transaction.own_connection, lane)
                if batch is None:
                    return False
                handled_count = await self._work(transaction, batch)
        except Exception as error:
            if batch is None or not (batch.rows or batch.span_to):
                raise
            return await self._fail(batch, error)
        self._sizes[lane] = 2 * batch.size
        self.telemetry.emit(
            "subscription.batch",
            subscription=self.subscription.name,
            lane=lane,
            event_count=handled_count,
            position=batch.reached,
        )
        self.has_moved = True
        return batch.reached < batch.held.reach or batch.held.reach - batch.held.position >= self._delivery.window

    async def advance_to(self, transaction: T, position: int) -> None:
        """Brings every lane up to a position at or below the head, in a transaction given.

        The caller sees to it that no batch is at work elsewhere. Raises what the handler raises, and HeadraceError
        where a lane cannot be had: it rests after a failure, or the subscription is paused.
        """
        for lane, at in await checkpoint.lane_positions(transaction.own_connection, self.subscription.name):
            reached = at
            while reached < position:
                batch = await self._take(transaction.own_connection, lane, until=position)
                if batch is None:
                    raise HeadraceError(
                        f"lane {lane} of {self.subscription.name!r} stays at position {reached}, before {position}: "
                        "it rests after a failure, or is paused; see `headrace subscriptions list`"
                    )
                await self._work(transaction, batch)
                reached = batch.reached

    async def _take(self, connection: Connection, lane: int, *, until: int | None = None) -> Batch | None:
        held = await checkpoint.lock_lane(
            connection,
            self.subscription,
            lane,
            window=self._delivery.window,
            silence=self._delivery.silence,
            now=self._delivery.clock.override(),
        )
        if held is None:
            return None
        if until is not None:
            held = replace(held, reach=min(held.reach, until))
        # After a failure one event alone, then twice as many each time up to the batch size.
        size = 1 if held.failure_count else min(self.size_limit, self._sizes.get(lane, self.size_limit))
        if self._apply_span and size >= LEAST_SPAN and not (held.parked_count or held.has_floor):
            return Batch(held, size, span_to=min(held.reach, held.position + size))
        return Batch(held, size, await checkpoint.read_lane(connection, self.subscription, held, limit=size))

    async def _work(self, transaction: T, batch: Batch) -> int:
        """Handles a batch and moves its checkpoint; how many events were handled, not only queued."""
        ready = batch.rows
        if ready and batch.held.parked_count:
            ready = await parking.part_ready(transaction.own_connection, self.subscription.name, ready)
        if ready:
            await self._delivery.apply_rows(transaction, ready)
        event_count = len(ready)
        if self._apply_span and batch.span_to is not None:
            event_count = await self._apply_span(transaction, batch.held, batch.span_to)
        if not await checkpoint.move_checkpoint(
            transaction.own_connection,
            self.subscription,
            batch.held,
            to=batch.reached,
            event_count=event_count,
        ):
            raise HeadraceError(
                f"lane {batch.held.lane} of {self.subscription.name!r} is no longer at position "
                f"{batch.held.position}; the handler must not end the transaction it is given"
            )
        transaction.mark_sound()
        return event_count

    async def _fail(self, batch: Batch, error: Exception) -> bool:
        """After the rollback: a smaller batch at once, or a rest for the one event that fails."""
        held, event_count = batch.held, len(batch.rows)
        if batch.span_to is not None:
            event_count = min(batch.size, batch.span_to - held.position)
        if event_count > 1 or batch.span_to is not None:
            self._sizes[held.lane] = max(1, event_count // 2)
            self.telemetry.emit(
                "subscription.halved",
                level=logging.INFO,
                subscription=self.subscription.name,
                lane=held.lane,
                event_count=event_count,
                reason=repr(error),
            )
            return True
        self._sizes[held.lane] = 1
        position, event_id, event_type = batch.rows[0][:3]
        facts = describe_failure(error, position=position, event_id=event_id, event_type=event_type)
        most = self.subscription.attempts
        if most is not None and held.failure_count + 1 >= most:
            return await self._park(batch, facts, error)
        retry_in = retry_delay(held.failure_count + 1, jitter=random.random())  # noqa: S311 - jitter, no secret
        async with self._pool.acquire() as connection:
            await checkpoint.record_failure(
                connection,
                self.subscription,
                held,
                retry_in=retry_in,
                error=facts,
                now=self._delivery.clock.override(),
            )
        self.telemetry.emit(
            "subscription.failed",
            level=logging.WARNING,
            error=error,
            subscription=self.subscription.name,
            lane=held.lane,
            position=position,
            event_type=event_type,
            retry_in=retry_in,
        )
        return False

    async def _park(self, batch: Batch, facts: dict[str, object], error: Exception) -> bool:
        """Sets the failing event's stream aside, so that the lane goes on."""
        held, row = batch.held, batch.rows[0]
        async with self._pool.acquire() as connection:
            is_parked = await parking.park(
                connection, self.subscription.name, held, row, error=facts, now=self._delivery.clock.override()
            )
        if is_parked:
            self.telemetry.emit(
                "subscription.parked",
                level=logging.ERROR,
                error=error,
                subscription=self.subscription.name,
                lane=held.lane,
                stream=str(parking.parked_key(row)),
                position=row[0],
                event_type=row[2],
            )
        return True
