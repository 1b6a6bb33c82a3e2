"""Group commit: what many callers store by themselves goes together while the server is at work on what was before."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Sequence
from typing import Any, Generic, TypeVar

from headrace.db.connecting import CONNECTION_ERRORS
from headrace.db.errors import REFUSED

_WIDTH = 2
_PATIENCE_SECONDS = 0.02
_MOST = 500

T = TypeVar("T")


class GroupCommit(Generic[T]):
    """Has things that need one statement each stored together, where the server is busy with others.

    Who finds a place by `enter` stores its own by itself, at once, and gives the place back by `leave`: for a single
    call each coroutine in between counts. There are two places. Who comes meanwhile waits in `join` for the next
    statement and shares it: `run` stores some by one and commits, and each still learns of its own alone. A statement
    takes one part of two of all that wait or are under way, so that some callers are at work while the server is at
    work for the others. Those that have waited for long go all the same: what is under way may be waiting for
    somebody's lock. Of those that have the same `key`, where it is not None, a statement takes one.
    """

    def __init__(
        self,
        run: Callable[[Sequence[T]], Awaitable[object]],
        *,
        key: Callable[[T], Hashable | None] = lambda _: None,
    ) -> None:
        self._run = run
        self._key = key
        self._under_way = 0
        self._in_flight = 0
        self._waiting: deque[tuple[T, asyncio.Future[None]]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None

    def enter(self) -> bool:
        """Takes one of the places for a statement, to be given back by `leave`; False where there is none."""
        if self._under_way >= _WIDTH:
            return False
        self._under_way += 1
        self._in_flight += 1
        return True

    def leave(self) -> None:
        """Gives the place back, to those who wait where there are any."""
        self._in_flight -= 1
        if self._waiting:
            # Others must not depend on this caller, who may be cancelled.
            self._begin(self._store_waiting())
        else:
            self._under_way -= 1

    async def join(self, one: T) -> None:
        """Waits until one of the next statements has stored and committed it; raises what that one raises.

        Whether a call that is cancelled, or loses its connection, has stored it cannot be known.
        """
        stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((one, stored))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_PATIENCE_SECONDS, self._lose_patience)
        await stored

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _lose_patience(self) -> None:
        self._timer = None
        if self._waiting:
            self._under_way += 1
            self._begin(self._store_waiting())

    async def _store_waiting(self) -> None:
        try:
            while taken := self._take():
                self._in_flight += len(taken)
                try:
                    await self._store_together(taken)
                finally:
                    self._in_flight -= len(taken)
                # Who has just been answered may have the next one ready: it goes with the others.
                await asyncio.sleep(0)
        finally:
            self._under_way -= 1

    def _take(self) -> Sequence[tuple[T, "asyncio.Future[None]"]]:
        taken: list[tuple[T, asyncio.Future[None]]] = []
        left: list[tuple[T, asyncio.Future[None]]] = []
        keys: set[Hashable] = set()
        # Were it all, nobody would be at work here while the server is, and the other way round.
        most = min(_MOST, -(-(len(self._waiting) + self._in_flight) // _WIDTH))
        while self._waiting and len(taken) < most:
            one = self._waiting.popleft()
            if one[1].done():
                continue
            key = self._key(one[0])
            if key is None or key not in keys:
                taken.append(one)
                keys.add(key)
            else:
                left.append(one)
        self._waiting.extendleft(reversed(left))
        return taken

    async def _store_together(self, taken: Sequence[tuple[T, "asyncio.Future[None]"]]) -> None:
        try:
            await self._run([one for one, _ in taken])
        except BaseException as error:  # noqa: BLE001 - whatever it is belongs to those who wait
            if len(taken) > 1 and isinstance(error, REFUSED) and not isinstance(error, CONNECTION_ERRORS):
                # Nothing is stored, and one of them is the reason: each by itself, and none behind another.
                for one in taken:
                    self._begin(self._store_together([one]))
                return
            for _, stored in taken:
                if not stored.done():
                    stored.set_exception(error)
            return
        for _, stored in taken:
            if not stored.done():
                stored.set_result(None)
