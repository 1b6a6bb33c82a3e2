"""Single jobs of many callers, stored together while the server is at work on those before them."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from headrace.db.connecting import CONNECTION_ERRORS
from headrace.db.errors import REFUSED
from headrace.jobs.insertion import insert_many
from headrace.jobs.job import NewJob
from headrace.jobs.single import insert_single

_WIDTH = 2
_MOST = 500

_Waiting = tuple[NewJob, "asyncio.Future[None]"]


class GroupCommit:
    """Stores jobs that need one statement each, committed when `store` returns.

    A call that finds the server free goes by itself, at once. Two statements are under way at a time; the
    calls that come meanwhile wait for the next one and share it, and each still learns of its own job alone.
    """

    def __init__(self, execute: Callable[..., Awaitable[None]], *, now: Callable[[], datetime | None]) -> None:
        self._execute = execute
        self._now = now
        self._under_way = 0
        self._waiting: deque[_Waiting] = deque()
        self._tasks: set[asyncio.Task[None]] = set()

    async def store(self, job: NewJob) -> None:
        """Stores and commits a job for which `is_single` holds; raises what its statement raises.

        Whether a call that is cancelled, or loses its connection, has stored the job cannot be known.
        """
        if self._under_way >= _WIDTH:
            stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append((job, stored))
            await stored
            return
        self._under_way += 1
        try:
            await self._execute(*insert_single(job, now=self._now()))
        finally:
            if self._waiting:
                # Others must not depend on this caller, who may be cancelled.
                task = asyncio.create_task(self._store_waiting())
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            else:
                self._under_way -= 1

    async def _store_waiting(self) -> None:
        try:
            while taken := self._take():
                await self._store_together(taken)
                # Who has just been answered may have the next job ready: it goes with the others.
                await asyncio.sleep(0)
        finally:
            self._under_way -= 1

    def _take(self) -> Sequence[_Waiting]:
        taken: list[_Waiting] = []
        while self._waiting and len(taken) < _MOST:
            one = self._waiting.popleft()
            if not one[1].done():
                taken.append(one)
        return taken

    async def _store_together(self, taken: Sequence[_Waiting]) -> None:
        try:
            await self._execute(*insert_many([job for job, _ in taken], now=self._now()))
        except BaseException as error:  # noqa: BLE001 - whatever it is belongs to those who wait
            if len(taken) > 1 and isinstance(error, REFUSED) and not isinstance(error, CONNECTION_ERRORS):
                # Nothing is stored, and one of them is the reason: each by itself.
                for one in taken:
                    await self._store_together([one])
                return
            for _, stored in taken:
                if not stored.done():
                    stored.set_exception(error)
            return
        for _, stored in taken:
            if not stored.done():
                stored.set_result(None)
