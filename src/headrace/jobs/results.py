"""Waits for the results of jobs: everybody in a process by one query, woken when a job has ended."""

import asyncio
import time
from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

from headrace.db.connection import Connection
from headrace.db.listener import RESULTS_CHANNEL, Listener
from headrace.db.pool import CONNECTION_ERRORS, ConnectionPool
from headrace.errors import ConfigurationError, JobNotEndedError
from headrace.jobs.ending import End, find_ends, mark_awaited, read_end
from headrace.jobs.registry import Registry
from headrace.service import AGAIN, Service
from headrace.telemetry import Telemetry

_BATCH = 5_000
_LAST_LOOK_SECONDS = 1
_LONGEST_PACE_SECONDS = 0.5


class Results(Service):
    """Looks for the ends of the jobs that are waited for.

    A job somebody waits for is marked, and whoever ends it sends one wake-up, with others, after the
    commit; nothing is done for a job nobody waits for. A wake-up may be lost: with a listener every
    awaited job is also looked at each `idle`, without one at growing intervals up to `longest_poll`.
    However many wake-ups come, at most half of the time is spent looking.
    """

    def __init__(
        self,
        *,
        kinds: Registry,
        pool: Callable[[], ConnectionPool],
        listener: Callable[[], Listener],
        telemetry: Telemetry,
        idle: timedelta = timedelta(seconds=5),
        first_poll: timedelta = timedelta(milliseconds=20),
        longest_poll: timedelta = timedelta(seconds=1),
    ) -> None:
        super().__init__("results", telemetry=telemetry, idle=idle)
        self._kinds = kinds
        self._pool = pool
        self._listener = listener
        self._first_poll = first_poll
        self._longest_poll = longest_poll
        self._poll = first_poll
        self._waiting: dict[UUID, set[asyncio.Future[End]]] = {}
        self._unmarked: set[UUID] = set()
        self._heard_by: Listener | None = None

    async def result(self, job_id: UUID, *, timeout: timedelta | None, result_type: Any) -> Any:
        """See `JobHandle.result`."""
        if timeout is not None and timeout < timedelta(0):
            raise ConfigurationError(f"timeout must not be negative, got {timeout}; use timedelta(0) for one look")
        self._begin()
        ended: asyncio.Future[End] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(job_id, set()).add(ended)
        self._unmarked.add(job_id)
        self._poll = self._first_poll
        self.wake()
        limit = asyncio.timeout(None if timeout is None else timeout.total_seconds())
        try:
            async with limit:
                end = await ended
        except TimeoutError:
            if timeout is None or not limit.expired():
                raise
            end = await self._last_look(job_id, timeout)
        finally:
            self._forget(job_id, ended)
        return read_end(end, self._kinds, result_type=result_type)

    async def run_once(self) -> timedelta | None:
        if not self._waiting:
            return None
        began = time.monotonic()
        new, self._unmarked = self._unmarked, set()
        try:
            async with self._pool().acquire() as connection:
                await self._mark(connection, new)
                await self._look(connection)
        except BaseException:
            self._unmarked |= new
            raise
        await asyncio.sleep(min(time.monotonic() - began, _LONGEST_PACE_SECONDS))
        if not self._waiting:
            return None
        if self._unmarked:
            return self._first_poll
        if self._listener().hears(RESULTS_CHANNEL):
            return None
        rest, self._poll = self._poll, min(self._poll * 2, self._longest_poll)
        return max(rest, AGAIN)

    async def on_stop(self) -> None:
        for job_id, waiters in list(self._waiting.items()):
            for ended in waiters:
                if not ended.done():
                    ended.set_exception(ConfigurationError(f"the app was closed while job {job_id} was waited for"))
        self._waiting.clear()
        if self._heard_by is not None:
            self._heard_by.unsubscribe(RESULTS_CHANNEL, self.wake)
            self._heard_by = None

    def _begin(self) -> None:
        self._pool()  # raises where the app is closed
        if self._heard_by is None:
            self._heard_by = self._listener()
            self._heard_by.subscribe(RESULTS_CHANNEL, self.wake)
            self._heard_by.start()
        self.start()

    async def _mark(self, connection: Connection, new: Collection[UUID]) -> None:
        wanted = [job_id for job_id in new if job_id in self._waiting]
        for start in range(0, len(wanted), _BATCH):
            await mark_awaited(connection, wanted[start : start + _BATCH])

    async def _look(self, connection: Connection) -> None:
        """After marking, and in a statement of its own: who ends the job in between has not seen the mark."""
        wanted = list(self._waiting)
        for start in range(0, len(wanted), _BATCH):
            for end in await find_ends(connection, wanted[start : start + _BATCH]):
                if end.kind is not None and end.state is None:
                    self._unmarked.add(end.job_id)
                    continue
                for ended in self._waiting.pop(end.job_id, ()):
                    if not ended.done():
                        ended.set_result(end)

    async def _last_look(self, job_id: UUID, timeout: timedelta) -> End:
        try:
            async with asyncio.timeout(_LAST_LOOK_SECONDS), self._pool().acquire() as connection:
                for end in await find_ends(connection, [job_id]):
                    if end.kind is None or end.state is not None:
                        return end
        except CONNECTION_ERRORS as error:
            raise JobNotEndedError(job_id, timeout=timeout) from error
        raise JobNotEndedError(job_id, timeout=timeout)

    def _forget(self, job_id: UUID, ended: asyncio.Future[End]) -> None:
        waiters = self._waiting.get(job_id)
        if waiters is not None:
            waiters.discard(ended)
            if not waiters:
                del self._waiting[job_id]
