"""The head: publishes up to which position the log can be read without losing anything."""

import asyncio
import logging
import math
from collections.abc import Callable
from datetime import timedelta

from headrace.db.connection import Connection
from headrace.db.leader import Leadership
from headrace.db.pool import ConnectionPool
from headrace.db.statements import statement
from headrace.events.fence import Epoch, settle
from headrace.service import AGAIN, Service
from headrace.telemetry import Telemetry

_PACKAGE = "headrace.events"
_LOOK_AHEAD = 10_000
_STAND_IN_TURNS = 50
_STAND_IN_PACE = 5


def _nobody() -> None:
    return


class Head(Service):
    """Moves the safe head, on the one process that leads in it, or on any other while that one hangs.

    Each turn looks at the log, then at who holds its lock, then publishes: three statements with three
    snapshots, in this order, since the fence's proof needs it. `tick` is the rest while writers are
    awaited, `idle` without them; `pace` the least time between two turns, however many wake-ups come.
    `announce` is called after the head has moved.

    Right without leadership as well: two leaders publish numbers that are both safe, and the head only
    ever rises. So who follows looks now and then, and where the head has stood still since his last
    look though there was something to publish, he moves it himself, until he sees that another does.
    """

    def __init__(
        self,
        pool: ConnectionPool,
        *,
        telemetry: Telemetry,
        announce: Callable[[], None] = _nobody,
        tick: timedelta = timedelta(milliseconds=20),
        idle: timedelta = timedelta(seconds=1),
        pace: timedelta = timedelta(milliseconds=5),
    ) -> None:
        super().__init__("head", telemetry=telemetry, idle=idle)
        self._leadership = Leadership(pool, "head")
        self._announce = announce
        self._tick = tick
        self._pace = pace.total_seconds()
        self._patience = idle.total_seconds() * 0.9
        self._epochs: tuple[Epoch, ...] = ()
        self._term = 0
        self._is_leading = False
        self._last_turn = self._look_again_at = -math.inf
        self._stood_at: int | None = None
        self._moved_to: int | None = None

    @property
    def is_leading(self) -> bool:
        """Whether the last turn was this process's to lead."""
        return self._is_leading

    async def run_once(self) -> timedelta | None:
        loop = asyncio.get_running_loop()
        until_look = self._look_again_at - loop.time()
        if until_look > 0:
            # Every append wakes every process; only the leader has something to do then.
            return timedelta(seconds=until_look)
        await asyncio.sleep(max(0.0, self._last_turn + self._pace - loop.time()))
        self._last_turn = loop.time()
        self._is_leading = False
        session = await self._leadership.session()
        if session is None:
            return await self._follow()
        self._look_again_at = -math.inf
        if self._leadership.term != self._term:
            await self._begin_term(session)
        rest = await self.step(session)
        self._is_leading = True
        return rest

    async def step(self, session: Connection) -> timedelta | None:
        """One turn on any session, without leading in it; for programs that run no loops."""
        rest, to = await self._advance(session)
        if to is not None:
            self._announce()
        return rest

    async def on_stop(self) -> None:
        self._is_leading = False
        await self._leadership.resign()

    async def _begin_term(self, session: Connection) -> None:
        # Virtual transaction ids start again with the server: what an older session remembered is void.
        self._epochs = ()
        # A head lost in a crash is found again; what readers did up to it is later in the same WAL.
        await session.execute(statement(_PACKAGE, "relax_commit"))
        self._term = self._leadership.term

    async def _follow(self) -> timedelta | None:
        has_moved = False
        async with self._leadership.following() as connection:
            head, _, newest = await self._survey(connection)
            is_behind = newest > head
            is_overdue = is_behind and head in (self._stood_at, self._moved_to)
            self._stood_at = head if is_behind else None
            if is_overdue:
                has_moved = await self._stand_in(connection)
        soon = _STAND_IN_PACE * self._tick
        is_mine = has_moved or head == self._moved_to
        self._look_again_at = asyncio.get_running_loop().time() + (soon.total_seconds() if is_mine else self._patience)
        return soon if has_moved else None

    async def _stand_in(self, connection: Connection) -> bool:
        """Moves the head once, waiting for writers for a second at most; whether it did."""
        # One transaction: it ends with its server session, so who is remembered in it is still the same. A session that
        # a pooler lends might be another one by the next turn, or that of a server that has restarted.
        self._epochs = ()
        to = None
        try:
            async with connection.transaction(isolation="read_committed"):
                for _ in range(_STAND_IN_TURNS):
                    rest, to = await self._advance(connection)
                    if to is not None or rest is None:
                        break
                    await asyncio.sleep(self._tick.total_seconds())
        finally:
            self._epochs = ()
        if to is not None:
            self._moved_to = to
            self.telemetry.emit("head.stood_in", level=logging.INFO, position=to)
            self._announce()
        return to is not None

    async def _advance(self, session: Connection) -> tuple[timedelta | None, int | None]:
        """The rest until the next turn, and the position the head was moved to, if it was."""
        head, contiguous, newest = await self._survey(session)
        if newest <= head:
            self._epochs = ()
            return None, None
        settled = contiguous
        if contiguous < newest:
            rows = await session.fetch(statement(_PACKAGE, "holders"))
            settlement = settle(self._epochs, newest=newest, holders=frozenset(row[0] for row in rows))
            self._epochs = settlement.waiting
            settled = max(contiguous, settlement.position)
        else:
            self._epochs = ()
        has_moved = False
        if settled > head:
            # Another leader may have been there before.
            has_moved = await session.execute(statement(_PACKAGE, "publish_head"), settled) == "UPDATE 1"
        if has_moved:
            self.telemetry.emit("head.moved", position=settled, event_span=settled - head)
        return self._tick if settled < newest else AGAIN, settled if has_moved else None

    async def _survey(self, session: Connection) -> tuple[int, int, int]:
        """The head, the end of the unbroken run of positions after it, and the highest visible position."""
        row = await session.fetchrow(statement(_PACKAGE, "survey_log"), _LOOK_AHEAD)
        if row is None:
            raise RuntimeError("table headrace.head has lost its row; insert (0, now()) and the head is found again")
        head = int(row[0])
        return head, int(row[1] or head), int(row[2] or head)
