"""A worker process: claims, runs, records and shows that it lives."""

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import UUID

from headrace.clock import Clock
from headrace.db.connecting import CONNECTION_ERRORS
from headrace.db.connection import Connection
from headrace.db.pool import ConnectionPool
from headrace.errors import ConfigurationError, WorkerNotStartedError
from headrace.jobs.completer import Completer
from headrace.jobs.cursor import ClaimCursor
from headrace.jobs.executor import Executor
from headrace.jobs.fetcher import Fetcher
from headrace.jobs.job import Claim
from headrace.jobs.lease import Lease, WorkerCard
from headrace.jobs.outcome import Again
from headrace.jobs.processes.pool import ProcessPool
from headrace.jobs.registry import Registry
from headrace.jobs.services import Engine
from headrace.jobs.store import Settlement
from headrace.jobs.worker_options import WorkerOptions
from headrace.telemetry import Telemetry

START_LIMIT = timedelta(seconds=60)
"""How long a worker tries to register."""

_FLUSH_LIMIT = timedelta(seconds=10)
_MOST_PATIENCE = timedelta(seconds=5)


class Worker:
    """Runs the jobs of an application's kinds until it is stopped."""

    def __init__(
        self,
        engine: Engine,
        pool: ConnectionPool,
        registry: Registry,
        *,
        app_name: str,
        options: WorkerOptions,
        clock: Clock,
        telemetry: Telemetry,
        subscriptions: Sequence[str] = (),
        projections: Sequence[str] = (),
        announce: Callable[[], None] | None = None,
        announce_results: Callable[[], None] | None = None,
        announce_events: Callable[[], None] | None = None,
    ) -> None:
        kinds = list(registry.handled())
        queues = options.queues or tuple(sorted({kind.queue for kind in kinds}))
        if not kinds or not queues:
            raise ConfigurationError(
                "this app has no job handlers; register one with @app.job(...) before starting a worker"
            )
        self._options = options
        self._telemetry = telemetry
        self._fetcher = Fetcher(
            pool,
            cursor=ClaimCursor(queues),
            kinds=[kind.name for kind in kinds],
            clock=clock,
            telemetry=telemetry,
            poll=options.poll,
            most=options.buffer,
            app_name=app_name,
            rules=registry.rules(),
            limited=sorted({kind.queue for kind in kinds if kind.limit is not None}),
        )
        self._announce = announce
        self._completer = Completer(
            pool,
            clock=clock,
            telemetry=telemetry,
            on_released=self._fetcher.wake,
            on_freed=announce or self._fetcher.wake,
            on_awaited=announce_results,
            on_recorded=self._on_recorded,
            told=registry.told_when_completed(),
            on_told=announce_events,
        )
        self._executor = Executor(
            engine,
            kinds=kinds,
            concurrency=options.concurrency,
            buffer=self._fetcher.buffer,
            completer=self._completer,
            clock=clock,
            telemetry=telemetry,
            patience=options.patience,
            processes=ProcessPool(
                size=options.processes or os.cpu_count() or 1,
                attempts_each=options.process_attempts,
                telemetry=telemetry,
            ),
        )
        self._pool = pool
        self._card = WorkerCard(
            app=app_name,
            host=socket.gethostname(),
            pid=os.getpid(),
            queues=queues,
            kinds=tuple(kind.name for kind in kinds),
            concurrency=options.concurrency,
            lease_time=options.lease,
            subscriptions=tuple(subscriptions),
            projections=tuple(projections),
            is_locked=pool.has_direct,
        )
        self._lease: Lease | None = None
        self._is_stopped = asyncio.Event()

    @property
    def worker_id(self) -> int | None:
        """The number this worker is registered under; None before and after."""
        return self._fetcher.worker_id

    @property
    def is_stopped(self) -> bool:
        """Whether it was told to stop; it may still be doing so."""
        return self._is_stopped.is_set()

    @property
    def stale_count(self) -> int:
        """How many settlements were refused because another attempt owned the job."""
        return self._completer.stale_count

    @property
    def abandoned_count(self) -> int:
        """How many interrupted handlers a stop did not wait for; they may run until the process ends."""
        return self._executor.abandoned_count

    def wake(self) -> None:
        """Looks for work at once."""
        self._fetcher.wake()

    def heeds(self, queue: str) -> bool:
        """Whether work in this queue concerns it."""
        return queue in self._card.queues

    async def start(self) -> None:
        """Registers the worker and starts to take jobs; returns when it is registered.

        It tries for a minute, in which `worker.stop()` may end it. Raises WorkerNotStartedError then, and
        after any error or cancellation nothing of the worker runs.
        """
        registered = asyncio.Event()

        def on_registered(worker_id: int) -> None:
            self._fetcher.worker_id = worker_id
            self._fetcher.wake()
            registered.set()

        self._lease = Lease(
            self._open_lease_session,
            self._card,
            telemetry=self._telemetry,
            interval=self._options.heartbeat,
            on_registered=on_registered,
            on_lost=self._on_lost,
            on_cancel=self._on_cancel,
        )
        self._completer.start()
        self._executor.start()
        self._fetcher.start()
        self._lease.start()
        try:
            async with asyncio.timeout(START_LIMIT.total_seconds()):
                await self._registered_or_stopped(registered)
        except BaseException as error:
            trouble = self._lease.trouble
            await self.stop(grace=timedelta(0))
            if isinstance(error, TimeoutError):
                raise WorkerNotStartedError(START_LIMIT, repr(trouble or "no answer")) from trouble
            raise
        if not registered.is_set():
            return
        self._telemetry.emit(
            "worker.started", level=logging.INFO, worker=self.worker_id, queues=",".join(self._card.queues)
        )

    async def stop(self, *, grace: timedelta | None = None) -> None:
        """Stops in good order: claims no more, gives back what has not begun, lets running jobs end.

        Those that run longer than `grace` are interrupted and given back without counting the attempt;
        `abandoned_count` tells how many handlers did not end then either.
        """
        self._is_stopped.set()
        await self._fetcher.stop()
        self._give_back()
        await self._executor.drain(self._options.grace if grace is None else grace)
        await self._flush()
        await self._completer.stop()
        if self._lease is not None:
            self._lease.stop()
            await asyncio.to_thread(self._lease.join, 5)
        self._fetcher.worker_id = None
        self._telemetry.emit("worker.stopped", level=logging.INFO, stale=self.stale_count)

    def hurry(self) -> None:
        """Ends the grace of a stop under way."""
        self._executor.hurry()

    async def _registered_or_stopped(self, registered: asyncio.Event) -> None:
        waits = {asyncio.ensure_future(one.wait()) for one in (registered, self._is_stopped)}
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()

    async def _open_lease_session(self) -> Connection:
        """Runs on the lease's own thread."""
        # A third of the lease at most: a beat that hangs must leave time for others.
        return await self._pool.connect(
            "lease",
            is_direct=self._pool.has_direct,
            patience=min(self._options.lease / 3, _MOST_PATIENCE),
            name="headrace",
            settings={"synchronous_commit": "off"},
        )

    def _give_back(self) -> None:
        for row in self._fetcher.buffer.drain():
            claim = Claim(row["job_id"], row["attempt"], row["lease"])
            self._completer.settle(Settlement(claim, Again(None, counts=False, has_begun=False), timedelta(0)))

    async def _flush(self) -> None:
        try:
            async with asyncio.timeout(_FLUSH_LIMIT.total_seconds()):
                while True:
                    try:
                        await self._completer.flush()
                    except CONNECTION_ERRORS:
                        await asyncio.sleep(0.2)
                    else:
                        return
        except TimeoutError as error:
            # What could not be recorded is rescued by another worker and runs again.
            self._telemetry.emit("worker.unflushed", level=logging.ERROR, error=error)

    def _on_lost(self, worker_id: int) -> None:
        self._telemetry.emit("worker.lost", level=logging.ERROR, worker=worker_id)
        self._fetcher.worker_id = None
        self._fetcher.buffer.drain()
        self._executor.interrupt_all("lost")

    def _on_recorded(self) -> None:
        if self._fetcher.is_blocked:
            # The slot may be what another process waits for.
            self._fetcher.wake()
            if self._announce is not None:
                self._announce()

    def _on_cancel(self, job_id: UUID, lease: int) -> None:
        self._executor.interrupt(lease, job_id, "cancel")
