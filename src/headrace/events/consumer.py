"""The consumer: hands a subscription's events to its handler, batch by batch, exactly once."""

import asyncio
import logging
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic

from headrace.clock import Clock, SystemClock
from headrace.db.connection import Connection, Pool, Row
from headrace.errors import HeadraceError
from headrace.events import checkpoint, lanes, parking
from headrace.events.checkpoint import HeldLane, LaneBehind
from headrace.events.delivery import Apply, Begin, Delivery, T
from headrace.events.failure import describe_failure, retry_delay
from headrace.events.resumer import Resumer
from headrace.events.schema import EventRegistry
from headrace.events.stored import stored_events
from headrace.events.subscription import Subscription
from headrace.service import AGAIN, Service
from headrace.telemetry import Telemetry

_WINDOW = 10_000
"""Positions a lane looks ahead at a time: bounds what a turn without events for it can cost."""


@dataclass(frozen=True, slots=True)
class _Batch:
    """What was read of a lane: at most `size` rows."""

    held: HeldLane
    size: int
    rows: Sequence[Row]

    @property
    def reached(self) -> int:
        """Where the checkpoint goes: the last event of a full batch, otherwise as far as was looked."""
        return int(self.rows[-1][0]) if len(self.rows) == self.size else self.held.reach


class Consumer(Service, Generic[T]):
    """The loop of one subscription in one process; any number of processes may run it.

    Each turn takes the lanes that are behind the head one after the other: locks the checkpoint's row,
    reads the next events, applies them and moves the checkpoint, all in one transaction. The row's
    lock is the lane's lease, so a lane is worked on once at a time, and a worker that dies gives it
    back with everything it had not committed.

    A batch that fails is tried again at half its size, down to the one event that fails; the lane then
    rests for 2^n s, at most five minutes, jittered. After as many attempts as the subscription grants the
    event's stream is parked: its later events queue behind it, until an operator resumes it or skips the
    event; all others go on. `silence` is how long a handler may leave its
    transaction idle before the server takes the lane away. Lanes for which the log holds nothing are
    moved at most every `skip_interval`.
    """

    def __init__(
        self,
        pool: Pool,
        registry: EventRegistry,
        subscription: Subscription,
        *,
        begin: Begin[T],
        apply: Apply[T],
        telemetry: Telemetry,
        clock: Clock | None = None,
        idle: timedelta = timedelta(seconds=1),
        silence: timedelta = timedelta(seconds=60),
        skip_interval: timedelta = timedelta(milliseconds=250),
    ) -> None:
        super().__init__(f"consumer-{subscription.name}", telemetry=telemetry, idle=idle)
        self.subscription = subscription
        self._delivery = Delivery(
            pool=pool,
            registry=registry,
            subscription=subscription,
            begin=begin,
            apply=apply,
            telemetry=telemetry,
            clock=clock or SystemClock(),
            silence=silence,
            window=_WINDOW,
        )
        self._resumer = Resumer(self._delivery)
        self._pool = pool
        self._skip_interval = skip_interval
        self._skipped_at = -math.inf
        self._sizes: dict[int, int] = {}
        self._is_registered = False

    async def run_once(self) -> timedelta | None:
        if not self._is_registered:
            await self.register()
        async with self._pool.acquire() as connection:
            behind = await checkpoint.lanes_behind(
                connection, self.subscription, window=_WINDOW, now=self._delivery.clock.override()
            )
        has_moved = False
        for lane in behind:
            if lane.has_resuming and not self.is_stopping:
                has_moved |= await self._resumer.advance(lane.lane)
            if lane.has_events and not self.is_stopping:
                has_moved |= await self._advance(lane.lane)
        rest = await self._skip([lane for lane in behind if not lane.has_events and lane.position < lane.reach])
        return AGAIN if has_moved else rest

    async def register(self) -> None:
        """Makes the subscription's rows where they are missing, and gives it its number of lanes."""
        async with self._pool.acquire() as connection, connection.transaction():
            before = await lanes.register(connection, self.subscription)
        self._is_registered = True
        if before != self.subscription.lanes:
            self.telemetry.emit(
                "subscription.lanes",
                level=logging.INFO,
                subscription=self.subscription.name,
                before=before,
                after=self.subscription.lanes,
            )

    async def _advance(self, lane: int) -> bool:
        """One batch of one lane; whether anything came of it, be it a failure to try again at once."""
        batch: _Batch | None = None
        try:
            async with self._delivery.begin() as transaction:
                batch = await self._take(transaction.connection, lane)
                if batch is None:
                    return False
                handled_count = await self._work(transaction, batch)
        except Exception as error:
            if batch is None or not batch.rows:
                raise
            return await self._fail(batch, error)
        self._sizes[lane] = min(self.subscription.batch_size, 2 * batch.size)
        self.telemetry.emit(
            "subscription.batch",
            subscription=self.subscription.name,
            lane=lane,
            event_count=handled_count,
            position=batch.reached,
        )
        return True

    async def _take(self, connection: Connection, lane: int) -> _Batch | None:
        held = await checkpoint.lock_lane(
            connection,
            self.subscription,
            lane,
            window=_WINDOW,
            silence=self._delivery.silence,
            now=self._delivery.clock.override(),
        )
        if held is None:
            return None
        # After a failure one event alone, then twice as many each time up to the batch size.
        size = 1 if held.failure_count else self._sizes.get(lane, self.subscription.batch_size)
        return _Batch(held, size, await checkpoint.read_lane(connection, self.subscription, held, limit=size))

    async def _work(self, transaction: T, batch: _Batch) -> int:
        """Handles a batch and moves its checkpoint; how many events were handled, not only queued."""
        ready = batch.rows
        if ready and batch.held.parked_count:
            ready = await parking.part_ready(transaction.connection, self.subscription.name, ready)
        if ready:
            await self._delivery.apply(transaction, list(stored_events(self._delivery.registry, ready)))
        if not await checkpoint.move_checkpoint(
            transaction.connection,
            self.subscription,
            batch.held,
            to=batch.reached,
            event_count=len(ready),
        ):
            raise HeadraceError(
                f"lane {batch.held.lane} of {self.subscription.name!r} is no longer at position "
                f"{batch.held.position}; the handler must not end the transaction it is given"
            )
        return len(ready)

    async def _fail(self, batch: _Batch, error: Exception) -> bool:
        """After the rollback: a smaller batch at once, or a rest for the one event that fails."""
        held, event_count = batch.held, len(batch.rows)
        if event_count > 1:
            self._sizes[held.lane] = event_count // 2
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

    async def _park(self, batch: _Batch, facts: dict[str, object], error: Exception) -> bool:
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

    async def _skip(self, lanes: Sequence[LaneBehind]) -> timedelta | None:
        """Moves lanes over what holds nothing for them, now and then; the rest until it is due."""
        if not lanes:
            return None
        now = asyncio.get_running_loop().time()
        is_far = any(lane.reach - lane.position >= _WINDOW for lane in lanes)
        until_due = self._skipped_at + self._skip_interval.total_seconds() - now
        if until_due > 0 and not is_far:
            return timedelta(seconds=until_due)
        async with self._pool.acquire() as connection:
            await checkpoint.skip_ahead(connection, self.subscription, lanes)
        self._skipped_at = now
        return AGAIN if is_far else None
