"""Lends a pool's sessions: those nobody can have changed are kept at hand and go from one borrower to the next."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import asyncpg

from headrace.db.connecting import CONNECTION_ERRORS

_COOLING_SECONDS = 30.0
_RELEASE_SECONDS = 10


@dataclass(slots=True)
class Loan:
    """A session that is lent. Its borrower sets `is_clean` where it ran nothing but the engine's own statements."""

    session: Any
    is_clean: bool = False


class Held:
    """A session taken from the driver's pool, and what was prepared on it since, by its text."""

    __slots__ = ("_is_closed", "session", "statements")

    def __init__(self, session: Any) -> None:
        self.session = session
        self.statements: dict[str, Any] = {}
        self._is_closed: Callable[[], bool] = session.is_closed

    @property
    def is_open(self) -> bool:
        try:
            return not self._is_closed()
        except asyncpg.InterfaceError:
            return False  # lost: the driver's pool has taken it back already

    async def prepare(self, query: str) -> Any:
        """Prepares a statement for as long as the session is held."""
        prepared = self.statements[query] = await self.session.prepare(query)
        return prepared


class Lending:
    """At most `size` sessions of a driver's pool, lent at a time.

    A session that was used for the engine's own statements alone has no state to reset, and is kept at
    hand without the round trip a reset costs; any other goes back to the driver's pool, which resets it.
    What nobody needed for half a minute goes back too, and is closed there in time. Who finds none free
    waits in line.
    """

    def __init__(self, pool: "asyncpg.Pool[Any]", *, size: int) -> None:
        self._pool = pool
        self._size = size
        self._taken = 0
        self._at_hand: list[Held] = []
        self._line: deque[asyncio.Future[Held | None]] = deque()
        self._least_at_hand = 0
        self._cooling: asyncio.TimerHandle | None = None
        self._going_back: set[asyncio.Task[None]] = set()
        self._is_closed = False

    @property
    def usage(self) -> tuple[int, int]:
        """How many sessions are lent now, and how many of those there may be are not."""
        used = self._taken - len(self._at_hand)
        return used, self._size - used

    async def take(self, patience: timedelta) -> Held:
        """A session; raises TimeoutError where none becomes free within `patience`, and the driver's errors."""
        while (held := self.take_at_hand()) is not None:
            if held.is_open:
                return held
            await self.give_back(held, is_clean=False)
        if self._taken >= self._size:
            held = await self._wait_in_line(patience)
            if held is not None:
                return held
        else:
            self._taken += 1
        try:
            return Held(await self._pool.acquire(timeout=patience.total_seconds()))
        except BaseException:
            self._free_place()
            raise

    def take_at_hand(self) -> Held | None:
        """The session that was kept last, open or not, if there is one; None otherwise, and nothing is taken."""
        at_hand = self._at_hand
        if not at_hand:
            return None
        held = at_hand.pop()
        left = len(at_hand)
        self._least_at_hand = min(self._least_at_hand, left)
        return held

    async def give_back(self, held: Held, *, is_clean: bool) -> None:
        """Takes a session back; `is_clean` where only the engine's own statements ran on it, all to their end."""
        if is_clean and held.is_open and not held.session.is_in_transaction():
            self.keep(held)
            return
        held.statements.clear()
        try:
            # One that cannot be cleared is cut and replaced; what was done with it stands.
            with suppress(*CONNECTION_ERRORS):
                await self._pool.release(held.session, timeout=_RELEASE_SECONDS)
        finally:
            self._free_place()

    def keep(self, held: Held) -> None:
        """Hands a clean session to the first in line, or keeps it at hand."""
        while self._line:
            waiter = self._line.popleft()
            if not waiter.done():
                waiter.set_result(held)
                return
        if self._is_closed:
            self._send_back(held)
            return
        self._at_hand.append(held)
        if self._cooling is None:
            self._least_at_hand = len(self._at_hand) - 1
            self._cooling = asyncio.get_running_loop().call_later(_COOLING_SECONDS, self._cool)

    async def close(self) -> None:
        """Gives everything at hand back, for the driver's pool to be closed."""
        self._is_closed = True
        if self._cooling is not None:
            self._cooling.cancel()
        while self._at_hand:
            self._send_back(self._at_hand.pop())
        await asyncio.gather(*self._going_back, return_exceptions=True)

    async def _wait_in_line(self, patience: timedelta) -> Held | None:
        """A session handed over, or None with the place of one that was given back dirty or lost."""
        waiter: asyncio.Future[Held | None] = asyncio.get_running_loop().create_future()
        self._line.append(waiter)
        try:
            async with asyncio.timeout(patience.total_seconds()):
                return await waiter
        except BaseException:
            if waiter.done() and not waiter.cancelled():
                # Handed over in the very moment of the interruption: the next one gets it.
                held = waiter.result()
                if held is None:
                    self._free_place()
                else:
                    self.keep(held)
            raise

    def _free_place(self) -> None:
        while self._line:
            waiter = self._line.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
        self._taken -= 1

    def _cool(self) -> None:
        self._cooling = None
        unneeded, self._at_hand = self._at_hand[: self._least_at_hand], self._at_hand[self._least_at_hand :]
        for held in unneeded:
            self._send_back(held)
        if self._at_hand:
            self._least_at_hand = len(self._at_hand)
            self._cooling = asyncio.get_running_loop().call_later(_COOLING_SECONDS, self._cool)

    def _send_back(self, held: Held) -> None:
        task = asyncio.create_task(self.give_back(held, is_clean=False))
        self._going_back.add(task)
        task.add_done_callback(self._going_back.discard)
