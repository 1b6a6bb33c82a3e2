"""What one worker process runs: the worker, the head, the consumers and the upkeep, in order."""

import logging
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any, Protocol, Self

from headrace.bridge import Reactions
from headrace.cleanup import EventCleaner
from headrace.clock import Clock
from headrace.db.listener import (
    EVENTS_CHANNEL,
    HEAD_CHANNEL,
    JOBS_CHANNEL,
    LATER_CHANNEL,
    RESULTS_CHANNEL,
    SCHEDULES_CHANNEL,
    Heeds,
    Listener,
    WakeUp,
)
from headrace.db.pool import ConnectionPool
from headrace.events.bus import Bus
from headrace.events.consumer import Consumer
from headrace.events.head import Head
from headrace.events.live.broadcaster import Broadcaster
from headrace.events.lookout import Lookout
from headrace.events.partition import PartitionKeeper
from headrace.events.retention import EventRetention
from headrace.events.schema import EventRegistry
from headrace.events.type_keeper import TypeKeeper
from headrace.jobs.job import LATER, Enqueued
from headrace.jobs.maintenance.day_keeper import DayKeeper
from headrace.jobs.maintenance.flow_keeper import FlowKeeper
from headrace.jobs.maintenance.hold_keeper import HoldKeeper
from headrace.jobs.maintenance.kind_keeper import KindKeeper
from headrace.jobs.maintenance.limit_keeper import LimitKeeper
from headrace.jobs.maintenance.rescuer import Rescuer
from headrace.jobs.maintenance.retention_keeper import RetentionKeeper
from headrace.jobs.maintenance.shelver import Shelver
from headrace.jobs.registry import Registry
from headrace.jobs.retention import Retention
from headrace.jobs.scheduler import Scheduler
from headrace.jobs.schedules import Schedules
from headrace.jobs.worker import Worker
from headrace.jobs.worker_options import WorkerOptions
from headrace.projections.declaration import Declarations
from headrace.projections.projector import Projector
from headrace.projections.rebuilder import Rebuilder
from headrace.service import Service
from headrace.telemetry import Telemetry
from headrace.transaction import Transaction


class Application(Protocol):
    """What a process needs of the application it runs."""

    name: str

    def transaction(self) -> AbstractAsyncContextManager[Transaction]: ...

    @property
    def enqueue(self) -> Callable[..., Coroutine[Any, Any, Enqueued]]: ...


class Process:
    """Runs an application's jobs and handlers from `start` to `stop`, or for a block."""

    def __init__(
        self,
        app: Application,
        pool: ConnectionPool,
        *,
        kinds: Registry,
        events: EventRegistry,
        handlers: Bus,
        declarations: Declarations,
        reactions: Reactions,
        schedules: Schedules,
        options: WorkerOptions,
        retention: Retention,
        event_retention: EventRetention,
        notify: Callable[[str], None],
        listener: Listener,
        broadcaster: Broadcaster,
        clock: Clock,
        telemetry: Telemetry,
    ) -> None:
        self.worker = Worker(
            app,
            pool,
            kinds,
            app_name=app.name,
            subscriptions=[one.name for one in handlers.subscriptions()],
            projections=declarations.labels(),
            options=options,
            clock=clock,
            telemetry=telemetry,
            announce=lambda: notify(JOBS_CHANNEL),
            announce_results=lambda: notify(RESULTS_CHANNEL),
            announce_events=lambda: notify(EVENTS_CHANNEL),
        )
        head = Head(pool, telemetry=telemetry, announce=lambda: notify(HEAD_CHANNEL))
        lookout = Lookout(pool, clock=clock)
        consumers = [
            Consumer(
                pool,
                events,
                subscription,
                begin=app.transaction,
                apply=reactions.delivery(handler),
                telemetry=telemetry,
                clock=clock,
                lookout=lookout,
            )
            for handler in handlers.subscriptions()
            if (subscription := handler.subscription) is not None
        ]
        projectors = [
            Projector(
                pool,
                events,
                one,
                is_newest=declarations.is_newest(one),
                telemetry=telemetry,
                clock=clock,
                lookout=lookout,
            )
            for one in declarations
        ]
        rebuilders = [Rebuilder(pool, events, one, telemetry=telemetry, clock=clock) for one in declarations]
        scheduler = Scheduler(
            pool,
            app=app.name,
            kinds=kinds,
            declarations=schedules.declarations(),
            clock=clock,
            telemetry=telemetry,
            on_fired=lambda: notify(JOBS_CHANNEL),
        )
        self._telemetry = telemetry
        self._is_polling = not pool.has_direct
        self._listener = listener
        self._wake_ups: tuple[tuple[str, WakeUp, Heeds | None], ...] = (
            (JOBS_CHANNEL, self.worker.wake, self.worker.heeds),
            # Who looks as often as the default meets such a job before it is due.
            *([(LATER_CHANNEL, self.worker.wake, self.worker.heeds)] if options.poll > LATER else ()),
            (EVENTS_CHANNEL, head.wake, None),
            (SCHEDULES_CHANNEL, scheduler.wake, None),
            *((HEAD_CHANNEL, reader.wake, None) for reader in (*consumers, *projectors)),
        )
        self._loops: tuple[Service, ...] = (
            head,
            *consumers,
            *reactions.live(broadcaster),
            *projectors,
            *rebuilders,
            scheduler,
            Rescuer(pool, telemetry=telemetry, on_rescued=lambda: _tell(notify, JOBS_CHANNEL, RESULTS_CHANNEL)),
            DayKeeper(pool, telemetry=telemetry),
            KindKeeper(pool, list(kinds.handled()), app_name=app.name, telemetry=telemetry),
            FlowKeeper(pool, telemetry=telemetry),
            Shelver(
                pool,
                handled=[kind.name for kind in kinds.handled()],
                grace=options.unhandled_grace,
                clock=clock,
                telemetry=telemetry,
                on_unshelved=lambda: notify(JOBS_CHANNEL),
            ),
            HoldKeeper(pool, clock=clock, telemetry=telemetry),
            LimitKeeper(pool, clock=clock, telemetry=telemetry),
            RetentionKeeper(pool, retention, clock=clock, telemetry=telemetry),
            EventCleaner(pool, event_retention, enqueue=app.enqueue, clock=clock, telemetry=telemetry),
            PartitionKeeper(pool, telemetry=telemetry, retention=event_retention),
            TypeKeeper(pool, events, app_name=app.name, telemetry=telemetry),
        )

    async def start(self) -> None:
        """Starts the worker and every loop; returns when the worker is registered."""
        if self._is_polling:
            self._telemetry.emit(
                "worker.polling",
                level=logging.WARNING,
                reason="a pooler answers at the database's address, and HEADRACE_DIRECT_DATABASE_URL is not set",
            )
        await self.worker.start()
        if self.worker.is_stopped:
            return
        for channel, wake_up, heeds in self._wake_ups:
            self._listener.subscribe(channel, wake_up, heeds=heeds)
        self._listener.start()
        for loop in self._loops:
            loop.start()

    async def stop(self, *, grace: timedelta | None = None) -> None:
        """Stops consumers first, then the worker in good order, then the rest."""
        for channel, wake_up, _ in self._wake_ups:
            self._listener.unsubscribe(channel, wake_up)
        for loop in reversed(self._loops):
            await loop.stop()
        await self.worker.stop(grace=grace)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


def _tell(notify: Callable[[str], None], *channels: str) -> None:
    for channel in channels:
        notify(channel)
