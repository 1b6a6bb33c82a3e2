"""An app's replays: begun, looked at, paused, resumed and cancelled."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any
from uuid import UUID

from headrace.bridge import Reactions
from headrace.clock import Clock
from headrace.context import acting
from headrace.db.connection import Connection, Pool
from headrace.errors import ConfigurationError, JobNotFoundError
from headrace.events.browse import head_position
from headrace.events.bus import Bus
from headrace.events.filter import EventFilter
from headrace.events.read import time_bounds
from headrace.events.schema import EventRegistry
from headrace.ids import uuid7
from headrace.jobs.browse import show_job
from headrace.jobs.handle import Job
from headrace.jobs.job import TERMINAL
from headrace.replay import store
from headrace.replay.rehearsal import OnProgress, Rehearsal, rehearse
from headrace.replay.replay import MOST_IN_A_BATCH, SILENCE, Plan, Replay, ReplayEvents, wanted_by
from headrace.replay.runner import Runner
from headrace.telemetry import Telemetry
from headrace.transaction import Transaction

REPLAY_EVENTS = "replay-events"


class Replays:
    """Lets handlers meet events again, beside their subscriptions: `app.replays`.

    What a handler writes in its transaction is kept, batch by batch together with how far the replay is; the
    jobs and events it makes are counted and kept back, unless they are asked for. It runs in a
    `replay-events` job of a worker, and goes on after a crash where it was.
    """

    def __init__(
        self,
        *,
        begin: Callable[[], AbstractAsyncContextManager[Transaction]],
        handlers: Bus,
        reactions: Reactions,
        registry: EventRegistry,
        pool: Callable[[], Pool],
        clock: Clock,
        telemetry: Telemetry,
    ) -> None:
        self._begin = begin
        self._handlers = handlers
        self._reactions = reactions
        self._registry = registry
        self._pool = pool
        self._clock = clock
        self._runner = Runner(
            begin=begin,
            apply=lambda name: reactions.replayed(handlers.get(name)),
            registry=registry,
            pool=pool,
            clock=clock,
            telemetry=telemetry,
        )

    async def begin(
        self,
        handler: str,
        chosen: EventFilter | None = None,
        *,
        after: int = 0,
        until: int | None = None,
        has_effects: bool = False,
        batch_size: int | None = None,
        by: str | None = None,
        reason: str | None = None,
    ) -> Replay:
        """Begins a replay of the events above `after` up to `until` (the safe head) that fit the filter.

        A handler with mode="job" works outside the database, so its replay is a `process-event` job for each
        event, and wants `has_effects`. Raises ConfigurationError.
        """
        if self._handlers.get(handler).mode == "job" and not has_effects:
            raise ConfigurationError(
                f"handler {handler!r} has mode='job' and works outside the database; its replay is jobs, which are "
                "kept back: ask for them with has_effects=True (--effects)"
            )
        replay_id = uuid7()
        async with self._begin() as unit:
            plan = await self._plan(unit.connection, handler, chosen, after=after, until=until, batch_size=batch_size)
            job = await unit.enqueue(REPLAY_EVENTS, ReplayEvents(replay_id))
            await store.begin(
                unit.connection,
                replay_id,
                plan,
                has_effects=has_effects,
                job_id=job.id,
                actor=acting(by),
                reason=reason,
                now=self._clock.override(),
            )
        return await self.show(replay_id)

    async def rehearse(
        self,
        handler: str,
        chosen: EventFilter | None = None,
        *,
        after: int = 0,
        until: int | None = None,
        batch_size: int | None = None,
        patience: timedelta = timedelta(minutes=10),
        most_samples: int = 3,
        on_progress: OnProgress | None = None,
    ) -> Rehearsal:
        """A dry run: what a replay by the handler as it is here would change and send. Nothing of it stays.

        It runs in this process, in one transaction that is rolled back. Between batches it stops where its
        `patience` is over, or where somebody has come to wait for a row that the handler has locked. Wants two
        connections of the pool. Raises ConfigurationError, and RehearsalError where the handler fails.
        """
        async with self._pool().acquire() as connection:
            plan = await self._plan(connection, handler, chosen, after=after, until=until, batch_size=batch_size)
        return await rehearse(
            plan,
            begin=self._begin,
            apply=self._reactions.replayed(self._handlers.get(handler)),
            registry=self._registry,
            pool=self._pool(),
            patience=patience,
            most_samples=most_samples,
            on_progress=on_progress,
        )

    async def show(self, replay_id: UUID) -> Replay:
        """One replay. Raises ReplayNotFoundError."""
        async with self._pool().acquire() as connection:
            return await store.find(connection, replay_id)

    async def all(self, *, limit: int = 50) -> list[Replay]:
        """The newest replays, newest first."""
        async with self._pool().acquire() as connection:
            return await store.listed(connection, limit=limit)

    async def pause(self, replay_id: UUID) -> Replay:
        """Lets a replay rest once its batch has ended, and gives its worker free. Raises ReplayNotFoundError."""
        async with self._begin() as unit:
            await store.pause(unit.connection, replay_id, now=self._clock.override())
        return await self.show(replay_id)

    async def cancel(self, replay_id: UUID) -> Replay:
        """Ends a replay where it is, for good; what was written stays. Raises ReplayNotFoundError."""
        async with self._begin() as unit:
            await store.cancel(unit.connection, replay_id, now=self._clock.override())
        return await self.show(replay_id)

    async def resume(self, replay_id: UUID) -> Replay:
        """Goes on with a replay that is paused or has failed, from where it was. Raises ReplayNotFoundError."""
        async with self._begin() as unit:
            held = await store.lock(unit.connection, replay_id, silence=SILENCE)
            if not held.has_ended:
                job_id = None if await _is_alive(unit, held.job_id) else await self._next_job(unit, replay_id)
                await store.resume(unit.connection, replay_id, job_id)
        return await self.show(replay_id)

    async def run(self, args: ReplayEvents, job: Job) -> Any:
        """The handler of `replay-events` jobs."""
        return await self._runner.run(args.replay_id, job)

    async def _plan(
        self,
        connection: Connection,
        handler: str,
        chosen: EventFilter | None,
        *,
        after: int,
        until: int | None,
        batch_size: int | None,
    ) -> Plan:
        known = self._handlers.get(handler)
        size = known.batch_size if batch_size is None else batch_size
        if not 1 <= size <= MOST_IN_A_BATCH:
            raise ConfigurationError(f"batch_size must be 1 to {MOST_IN_A_BATCH}, got {size}")
        wanted = wanted_by(known, chosen or EventFilter())
        first, last = await time_bounds(connection, wanted)
        head = await head_position(connection)
        lowest = max(after, first)
        highest = min(end for end in (head, last, until) if end is not None)
        return Plan(handler=handler, filter=wanted, batch_size=size, after=lowest, until=max(lowest, highest))

    async def _next_job(self, unit: Transaction, replay_id: UUID) -> UUID:
        return (await unit.enqueue(REPLAY_EVENTS, ReplayEvents(replay_id))).id


async def _is_alive(unit: Transaction, job_id: UUID | None) -> bool:
    if job_id is None:
        return False
    try:
        return (await show_job(unit.connection, job_id)).state not in TERMINAL
    except JobNotFoundError:
        return False
