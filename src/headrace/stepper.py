"""Runs an application's schedules, jobs and handlers step by step in the calling task: no loops, no waiting."""

import os
import socket
from collections.abc import Callable, Collection, Coroutine
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol, Self
from uuid import UUID

from headrace.bridge import Reactions
from headrace.clock import Clock
from headrace.db.connection import Connection
from headrace.db.pool import ConnectionPool
from headrace.db.session import Session
from headrace.errors import ConfigurationError
from headrace.events.bus import Bus
from headrace.events.checkpoint import next_retry
from headrace.events.consumer import Consumer
from headrace.events.head import Head
from headrace.events.schema import EventRegistry
from headrace.jobs import solo
from headrace.jobs.buffer import Buffer
from headrace.jobs.completer import Completer
from headrace.jobs.executor import Executor
from headrace.jobs.job import Enqueued
from headrace.jobs.lease import WorkerCard
from headrace.jobs.limit_rules import declare_rules
from headrace.jobs.registry import Registry
from headrace.jobs.schedule_store import next_tick
from headrace.jobs.scheduler import Scheduler
from headrace.jobs.schedules import Schedules
from headrace.jobs.store import remove_worker
from headrace.projections.declaration import Declarations
from headrace.projections.projector import Projector
from headrace.projections.rebuilder import Rebuilder
from headrace.service import AGAIN, Service
from headrace.telemetry import Record, Telemetry
from headrace.transaction import Transaction

_LEASE_TIME = timedelta(minutes=5)
_HANDLED = frozenset({"subscription.batch", "subscription.resumed"})
_FAILED = frozenset({"subscription.failed", "subscription.parked"})


class Application(Protocol):
    """What a stepper needs of the application it runs."""

    name: str
    kinds: Registry
    events: EventRegistry
    handlers: Bus
    declarations: Declarations
    clock: Clock
    schedules: Schedules

    @property
    def pool(self) -> ConnectionPool: ...
    def transaction(self) -> AbstractAsyncContextManager[Transaction]: ...

    @property
    def enqueue(self) -> Callable[..., Coroutine[Any, Any, Enqueued]]: ...


@dataclass(frozen=True, slots=True)
class Ran:
    """One attempt that was run.

    `outcome` is completed, failed, cancelled, dead, retrying, snoozed or lost; `error` what the handler
    raised, outcomes it asked for included.
    """

    id: UUID
    kind: str
    queue: str
    attempt: int
    outcome: str
    error: BaseException | None = None


class Stepper:
    """Fires the ticks that are due, runs one job, or delivers the events there are, when it is told to.

    Use it as a context manager. It is registered as a worker, so that real workers beside it leave its
    job alone, and stores the schedules that the code declares, as those do. Retries come without jitter.
    """

    def __init__(self, app: Application, *, reactions: Reactions, telemetry: Telemetry) -> None:
        pool = app.pool
        self._clock = app.clock
        self._kinds = tuple(app.kinds.handled())
        self._rules = app.kinds.rules()
        self._told: list[Record] = []
        both = Telemetry(self._told.append, telemetry.hand_on)
        self._session = Session(pool, "stepper", jit="off")
        self._completer = Completer(
            pool, clock=app.clock, telemetry=both, on_released=_nothing, told=app.kinds.told_when_completed()
        )
        self._executor = Executor(
            app,
            kinds=self._kinds,
            concurrency=1,
            buffer=Buffer(most=1, on_low=_nothing),
            completer=self._completer,
            clock=app.clock,
            telemetry=both,
            chance=lambda: 0.0,
        )
        self._scheduler = Scheduler(
            pool,
            app=app.name,
            kinds=app.kinds,
            declarations=app.schedules.declarations(),
            clock=app.clock,
            telemetry=both,
            on_fired=_nothing,
        )
        self._head = Head(pool, telemetry=both)
        self._consumers = [
            Consumer(
                pool,
                app.events,
                subscription,
                begin=app.transaction,
                apply=reactions.delivery(handler),
                telemetry=both,
                clock=app.clock,
                skip_interval=timedelta(0),
            )
            for handler in app.handlers.subscriptions()
            if (subscription := handler.subscription) is not None
        ]
        self._projectors = [
            Projector(
                pool,
                app.events,
                one,
                is_newest=app.declarations.is_newest(one),
                telemetry=both,
                clock=app.clock,
                skip_interval=timedelta(0),
            )
            for one in app.declarations
        ]
        self._rebuilders = [
            Rebuilder(pool, app.events, one, telemetry=both, clock=app.clock) for one in app.declarations
        ]
        self._card = WorkerCard(
            app=app.name,
            host=socket.gethostname(),
            pid=os.getpid(),
            queues=tuple(sorted({kind.queue for kind in self._kinds})),
            kinds=tuple(kind.name for kind in self._kinds),
            concurrency=1,
            lease_time=_LEASE_TIME,
            subscriptions=tuple(one.name for one in app.handlers.subscriptions()),
            projections=app.declarations.labels(),
            is_locked=not pool.is_pooled,
        )
        self._worker_id = 0

    async def __aenter__(self) -> Self:
        for consumer in self._consumers:
            await consumer.register()
        for projector in self._projectors:
            await projector.begin()
        await self._scheduler.declare()
        session = await self._session.get()
        self._worker_id = await solo.register(session, self._card)
        await declare_rules(session, self._rules, app=self._card.app)
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            await self._completer.flush()
            await remove_worker(await self._session.get(), self._worker_id)
        finally:
            await self._executor.drain(timedelta(0))
            await self._completer.on_stop()
            await self._session.close()

    async def fire_ticks(self) -> bool:
        """Enqueues the jobs of the ticks that are due; whether there were any."""
        session, has_fired = await self._session.get(), False
        while await self._scheduler.turn(session, patience=timedelta(0)) == AGAIN:
            has_fired = True
        return has_fired

    async def run_job(
        self, *, kinds: Collection[str] | None = None, queues: Collection[str] | None = None
    ) -> Ran | None:
        """Runs the first due job of these kinds and queues (None for all) to its recorded end; None without one.

        First is by priority, then by due time, then by id, over all queues.
        """
        session = await self._session.get()
        rows = await solo.claim_first(
            session, kinds=self._chosen(kinds), queues=queues, worker_id=self._worker_id, now=self._clock.override()
        )
        if not rows:
            return None
        self._told.clear()
        await self._executor.run(rows[0])
        await self._completer.flush()
        return self._read(rows[0]["kind"])

    async def deliver(self) -> tuple[int, list[BaseException]]:
        """Hands every event that can be read to its handlers; how many events, and what handlers raised.

        An event counts once for each handler. One behind a transaction that is still open stays.
        """
        self._told.clear()
        session = await self._session.get()
        has_moved = True
        while has_moved:
            await self._raise_head(session)
            has_moved = False
            for reader in (*self._consumers, *self._projectors, *self._rebuilders):
                has_moved |= await _run_out(reader)
        errors = [one.error for one in self._told if one.name in _FAILED and one.error is not None]
        return sum(one.fields["event_count"] for one in self._told if one.name in _HANDLED), errors

    async def next_moment(
        self, *, kinds: Collection[str] | None = None, queues: Collection[str] | None = None
    ) -> datetime | None:
        """When the next of these jobs, a tick, or an event to try again is due; None where nothing waits for later."""
        session, now = await self._session.get(), self._clock.override()
        rest = await next_tick(session, now=now)
        names = [consumer.subscription.name for consumer in self._consumers]
        moments = (
            await solo.next_moment(session, kinds=self._chosen(kinds), queues=queues, now=now),
            await next_retry(session, names, now=now),
            None if rest is None else self._clock.now() + rest,
        )
        return min((moment for moment in moments if moment is not None), default=None)

    def _chosen(self, kinds: Collection[str] | None) -> list[str]:
        handled = [kind.name for kind in self._kinds]
        if kinds is None:
            return handled
        if unknown := sorted(set(kinds) - set(handled)):
            raise ConfigurationError(
                f"no handler of {', '.join(unknown)} is registered here (handled: {', '.join(sorted(handled))})"
            )
        return sorted(kinds)

    async def _raise_head(self, session: Connection) -> None:
        before = None
        # A gap of a rolled-back transaction takes two looks; who still writes is not waited for.
        while (rest := await self._head.step(session)) is not None and rest != before:
            before = None if rest == AGAIN else rest

    def _read(self, kind: str) -> Ran:
        stopped = next(one.fields for one in self._told if one.name == "attempt.stopped")
        error = next((one.error for one in self._told if one.name == "job.raised"), None)
        is_stale = any(one.name == "job.stale" for one in self._told)
        return Ran(
            id=stopped["job"],
            kind=kind,
            queue=stopped["queue"],
            attempt=stopped["attempt"],
            outcome="lost" if is_stale else stopped["outcome"],
            error=error,
        )


async def _run_out(loop: Service) -> bool:
    """Turns a loop until it has nothing to do at once; whether it had."""
    has_moved = False
    while await loop.run_once() == AGAIN:
        has_moved = True
    return has_moved


def _nothing() -> None:
    return
