"""Fires the ticks of schedules: sleeps until the next one, then enqueues its job and moves on, in one commit."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from msgspec.structs import replace

from headrace.clock import Clock
from headrace.context import Context
from headrace.db.connection import Connection
from headrace.db.leader import Leadership
from headrace.db.pool import ConnectionPool
from headrace.errors import ConfigurationError
from headrace.ids import uuid7
from headrace.jobs import schedule_store as store
from headrace.jobs.codec import encode_json
from headrace.jobs.declaration import Declaration, new_schedule, reconcile
from headrace.jobs.enqueue_records import tell_enqueued
from headrace.jobs.job import NewJob, Priority
from headrace.jobs.registry import Registry
from headrace.jobs.schedule import Schedule, Tick
from headrace.jobs.store import insert_jobs
from headrace.jobs.ticks import Due, decide
from headrace.service import AGAIN, Service
from headrace.telemetry import Telemetry

_BATCH = 100
_PART = 200
_LEAST_REST = timedelta(milliseconds=1)
_LOCKED_REST = timedelta(milliseconds=100)


@dataclass(frozen=True, slots=True)
class _Firing:
    """A due schedule, what was decided, and the jobs to store."""

    schedule: Schedule
    due: Due
    jobs: tuple[NewJob, ...]

    @property
    def move(self) -> store.Move:
        assert self.schedule.next_at is not None  # noqa: S101 - it is due
        return store.Move(
            self.schedule.name,
            self.schedule.revision,
            self.schedule.next_at,
            self.due.next_at,
            self.due.ticks[-1] if self.due.ticks else None,
            self.jobs[-1].id if self.jobs else None,
        )


class Scheduler(Service):
    """Runs in every worker process; one of them leads and fires each tick when it is due.

    The others fire what is overdue by `patience`: their leader hangs. That two may fire at once does
    no harm: a tick's jobs are stored in the transaction that moves its schedule on from that tick, and
    a schedule can be moved on from a tick once only.

    At its first turn it stores what the app's code declares. `idle` bounds every rest, so that a
    change nobody told of, or a clock that was set, is noticed.
    """

    def __init__(
        self,
        pool: ConnectionPool,
        *,
        app: str,
        kinds: Registry,
        declarations: Sequence[Declaration],
        clock: Clock,
        telemetry: Telemetry,
        on_fired: Callable[[], None],
        idle: timedelta = timedelta(seconds=10),
        patience: timedelta = timedelta(seconds=1),
    ) -> None:
        super().__init__("scheduler", telemetry=telemetry, idle=idle)
        self._pool = pool
        self._app = app
        self._kinds = kinds
        self._declarations = sorted(declarations, key=lambda one: one.name)
        self._clock = clock
        self._on_fired = on_fired
        self._patience = patience
        self._leadership = Leadership(pool, "schedules")
        self._has_declared = False

    async def run_once(self) -> timedelta | None:
        await self.declare()
        session = await self._leadership.session()
        if session is not None:
            return await self.turn(session, patience=timedelta(0))
        patience = self._patience if self._leadership.is_possible else timedelta(0)
        async with self._leadership.following() as connection:
            return await self.turn(connection, patience=patience)

    async def on_stop(self) -> None:
        await self._leadership.resign()

    async def declare(self) -> None:
        """Stores what the code declares, unless this scheduler has done so already."""
        if not self._has_declared:
            async with self._pool.acquire() as connection, connection.transaction():
                await self._declare(connection)
            self._has_declared = True

    async def turn(self, connection: Connection, *, patience: timedelta) -> timedelta | None:
        """Fires what has been due for `patience`; how long to rest until more is."""
        now = self._clock.override()
        due, looked_at = await store.due_schedules(connection, overdue=patience, limit=_BATCH, now=now)
        if looked_at is None:
            rest = await store.next_tick(connection, now=now)
            return None if rest is None else min(max(rest + patience, _LEAST_REST), self._idle)
        firings = [firing for schedule in due if (firing := await self._decide(connection, schedule, looked_at))]
        fired = await self._fire(connection, firings, now) if firings else 0
        # Where all are locked, another process is about to move or change them.
        return AGAIN if fired or len(firings) < len(due) else _LOCKED_REST

    async def _decide(self, connection: Connection, schedule: Schedule, now: datetime) -> _Firing | None:
        assert schedule.next_at is not None  # noqa: S101 - it is due
        try:
            deciding = partial(
                decide,
                schedule.rhythm(schedule.anchor_at),
                schedule.catch_up,
                schedule.catch_up_limit,
                due_at=schedule.next_at,
                now=now,
            )
            # To find ten thousand ticks takes half a second, in which nothing else of the worker would run.
            due = await asyncio.to_thread(deciding) if schedule.catch_up == "all" else deciding()
        except ConfigurationError as error:
            # A zone this machine does not know, or a row written by hand. It must not hold up the others.
            await store.break_schedule(connection, schedule.name, revision=schedule.revision, because=str(error))
            self.telemetry.emit("schedule.broken", level=logging.ERROR, schedule=schedule.name, reason=str(error))
            return None
        return _Firing(schedule, due, tuple([job async for job in self._jobs(schedule, due.ticks)]))

    async def _fire(self, connection: Connection, firings: Sequence[_Firing], now: datetime | None) -> int:
        async with connection.transaction():
            moved = await store.move_schedules(connection, [firing.move for firing in firings])
            limits = await store.tick_limits(connection, moved)
            jobs = [
                under_limit(job, limits.get(firing.schedule.name))
                for firing in firings
                if firing.schedule.name in moved
                for job in firing.jobs
            ]
            if jobs:
                await insert_jobs(connection, jobs, now=now)
        if self.telemetry.hears(logging.DEBUG):
            tell_enqueued(self.telemetry, jobs)
        for firing in firings:
            if firing.schedule.name in moved:
                self._tell(firing)
        if jobs:
            self._on_fired()
        return len(moved)

    async def _jobs(self, schedule: Schedule, ticks: Sequence[datetime]) -> AsyncIterator[NewJob]:
        for number, tick in enumerate(ticks, start=1):
            if (job := self._job(schedule, tick)) is not None:
                yield job
            if number % _PART == 0:
                await asyncio.sleep(0)  # so that others get their turn

    def _job(self, schedule: Schedule, tick: datetime) -> NewJob | None:
        try:
            return self._kinds.on_enqueue(tick_job(schedule, tick))
        except Exception as error:  # noqa: BLE001 - whatever a middleware raises; it must not hold up the others
            self.telemetry.emit(
                "schedule.refused", level=logging.ERROR, schedule=schedule.name, tick_at=tick, error=error
            )
            return None

    def _tell(self, firing: _Firing) -> None:
        name, due = firing.schedule.name, firing.due
        if firing.jobs:
            self.telemetry.emit("schedule.fired", schedule=name, count=len(firing.jobs), tick_at=due.ticks[-1])
        if due.has_dropped:
            self.telemetry.emit(
                "schedule.missed",
                level=logging.WARNING,
                schedule=name,
                since=firing.schedule.next_at,
                catch_up=firing.schedule.catch_up,
            )

    async def _declare(self, connection: Connection) -> None:
        now = await store.decision_time(connection, now=self._clock.override())
        # All inserts before all locks: whoever starts at the same time waits for the first of them.
        for one in self._declarations:
            if await store.insert_schedule(connection, new_schedule(one, app=self._app, now=now)):
                self._tell_declared(one.name, "declared", None)
        stored = await store.lock_schedules(connection, [one.name for one in self._declarations], declared_by=self._app)
        for change in reconcile(self._declarations, stored, app=self._app, now=now):
            await store.write_schedule(connection, change.schedule)
            self._tell_declared(change.schedule.name, change.action, change.schedule.disabled_because)

    def _tell_declared(self, name: str, action: str, because: str | None) -> None:
        self.telemetry.emit(
            "schedule.declared",
            level=logging.INFO if action == "declared" else logging.WARNING,
            schedule=name,
            action=action,
            because=because,
        )


def tick_job(schedule: Schedule, at: datetime, *, triggered_by: str | None = None) -> NewJob:
    """The job of a tick, due at once; its metadata tells which tick it is."""
    return NewJob(
        id=uuid7(),
        kind=schedule.kind,
        queue=schedule.queue,
        priority=Priority.named(schedule.priority),
        args=encode_json(schedule.args).decode(),
        max_attempts=schedule.max_attempts,
        context=Context(
            tenant_id=schedule.tenant_id,
            user_id=schedule.user_id,
            actor=triggered_by or f"schedule {schedule.name}",
        ),
        metadata=Tick(schedule.name, at, triggered_by).metadata(),
    )


def under_limit(job: NewJob, limit: tuple[str, int] | None) -> NewJob:
    """The job of a tick with the limit key and weight that workers noted of its kind, unless it was given a key."""
    if limit is None or job.limit_key is not None:
        return job
    limit_key, weight = limit
    return replace(job, limit_key=limit_key, weight=weight)
