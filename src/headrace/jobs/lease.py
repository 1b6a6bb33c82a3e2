"""The worker's sign of life: a row with a heartbeat, and a session lock, both kept by a thread of their own."""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from headrace.db.connecting import CONNECTION_ERRORS, close
from headrace.db.connection import Connection
from headrace.db.statements import statement
from headrace.telemetry import Telemetry

_PACKAGE = "headrace.jobs"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerCard:
    """What a worker tells of itself."""

    app: str
    host: str
    pid: int
    queues: tuple[str, ...]
    kinds: tuple[str, ...]
    concurrency: int
    lease_time: timedelta
    subscriptions: tuple[str, ...] = ()
    """Those it has handlers of."""
    projections: tuple[str, ...] = ()
    """Those it has folds of, each as name/version."""
    is_locked: bool = True
    """Whether a session lock of the worker's own tells that it lives; otherwise its heartbeat alone does."""


class Lease(threading.Thread):
    """Registers the worker and renews its heartbeat on its own thread, event loop and connection.

    A handler that blocks the worker's event loop therefore does not make it look dead. The session
    holds an advisory lock that the server drops the moment the process dies, so that its jobs are
    rescued within seconds. When the worker was given up nevertheless (a partition longer than the
    lease), `on_lost` is called and a new number is drawn; every write under the old one is stale.
    Callbacks run on the worker's event loop.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[Connection]],
        card: WorkerCard,
        *,
        telemetry: Telemetry,
        interval: timedelta,
        on_registered: Callable[[int], None],
        on_lost: Callable[[int], None],
        on_cancel: Callable[[UUID, int], None],
    ) -> None:
        super().__init__(name="headrace-lease", daemon=True)
        self._connect = connect
        self._card = card
        self._telemetry = telemetry
        self._interval = interval.total_seconds()
        self._on_registered = on_registered
        self._on_lost = on_lost
        self._on_cancel = on_cancel
        self._worker_id: int | None = None
        self._owner = asyncio.get_running_loop()
        self._own: asyncio.AbstractEventLoop | None = None
        self._ending = asyncio.Event()
        self.trouble: BaseException | None = None
        """What kept the last sign of life from being given, if anything did."""

    def run(self) -> None:
        asyncio.run(self._keep())

    def stop(self) -> None:
        """Asks the thread to end; it removes the worker's row if nothing is held under it."""
        if self._own is not None and not self._own.is_closed():
            self._own.call_soon_threadsafe(self._ending.set)
        else:
            self._ending.set()

    async def _keep(self) -> None:
        self._own = asyncio.get_running_loop()
        session: Connection | None = None
        failures = 0
        while not self._ending.is_set():
            try:
                if session is None or session.is_closed():
                    session = await self._open()
                    if session is None:
                        break
                    await self._resume(session)
                await self._beat(session)
                failures, self.trouble = 0, None
            except CONNECTION_ERRORS as error:
                self.trouble = error
                # The traceback once; while the same trouble lasts, a line is enough.
                told = None if failures else error
                self._telemetry.emit("lease.unreachable", level=logging.WARNING, error=told)
                session = await self._drop(session)
                failures += 1
            except Exception as error:  # noqa: BLE001 - the sign of life must outlast any single failure
                self.trouble = error
                self._telemetry.emit("lease.error", level=logging.ERROR, error=None if failures else error)
                session = await self._drop(session)
                failures += 1
            if failures != 1:  # after a first failure at once: the lock is gone, and the grace is short
                await self._pause()
        await self._leave(session)

    async def _open(self) -> Connection | None:
        """A new session; None where the thread is to end before there is one."""
        opening = asyncio.ensure_future(self._connect())
        ending = asyncio.ensure_future(self._ending.wait())
        await asyncio.wait({opening, ending}, return_when=asyncio.FIRST_COMPLETED)
        ending.cancel()
        if opening.done():
            return opening.result()
        opening.cancel()
        await asyncio.wait({opening})
        return None

    async def _resume(self, session: Connection) -> None:
        if self._worker_id is not None and self._card.is_locked:
            await session.execute(statement(_PACKAGE, "hold_worker_lock"), self._worker_id)

    async def _beat(self, session: Connection) -> None:
        if self._worker_id is not None:
            if not await session.fetchval(statement(_PACKAGE, "beat"), self._worker_id):
                lost, self._worker_id = self._worker_id, None
                self._telemetry.emit("lease.lost", level=logging.WARNING, worker=lost)
                self._owner.call_soon_threadsafe(self._on_lost, lost)
            else:
                for row in await session.fetch(statement(_PACKAGE, "find_cancel_requests"), self._worker_id):
                    self._owner.call_soon_threadsafe(self._on_cancel, row["job_id"], row["lease"])
        if self._worker_id is None:
            await self._register(session)

    async def _register(self, session: Connection) -> None:
        card = self._card
        async with session.transaction():
            worker_id = await session.fetchval(
                statement(_PACKAGE, "register_worker"),
                card.app,
                card.host,
                card.pid,
                list(card.queues),
                list(card.kinds),
                card.concurrency,
                card.lease_time,
                card.is_locked,
                list(card.subscriptions),
                list(card.projections),
            )
            if card.is_locked:
                # Before the row is visible: no rescuer ever sees the worker without its lock.
                await session.execute(statement(_PACKAGE, "hold_worker_lock"), worker_id)
        self._worker_id = int(worker_id)
        self._owner.call_soon_threadsafe(self._on_registered, self._worker_id)

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._interval):
                await self._ending.wait()
        except TimeoutError:
            return

    async def _drop(self, session: Connection | None) -> None:
        if session is not None:
            await close(session)

    async def _leave(self, session: Connection | None) -> None:
        if session is None:
            return
        try:
            if self._worker_id is not None and not session.is_closed():
                await session.execute(statement(_PACKAGE, "remove_worker"), self._worker_id)
        except CONNECTION_ERRORS as error:
            # The rescuer of another worker will remove the row.
            self._telemetry.emit("lease.unreachable", level=logging.INFO, error=error)
        await close(session)
