"""The head: publishes up to which position the log can be read without losing anything."""

import asyncio
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


def _nobody() -> None:
    return


class Head(Service):
    """Moves the safe head, on the one process that leads in it.

    Each turn looks at the log, then at who holds its lock, then publishes: three statements with three
    snapshots, in this order, since the fence's proof needs it. `tick` is the rest while writers are
    awaited, `idle` without them; `pace` the least time between two turns, however many wake-ups come.
    `announce` is called after the head has moved.

    Right without leadership as well: two leaders publish numbers that are both safe, and the head only
    ever rises.
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
        self._retry_lead = idle.total_seconds() * 0.9
        self._epochs: tuple[Epoch, ...] = ()
        self._term = 0
        self._is_leading = False
        self._last_turn = self._followed_at = -math.inf

    @property
    def is_leading(self) -> bool:
        """Whether the last turn was this process's to lead."""
        return self._is_leading

    async def run_once(self) -> timedelta | None:
        loop = asyncio.get_running_loop()
        until_retry = self._followed_at + self._retry_lead - loop.time()
        if until_retry > 0:
            # Every append wakes every process; only the leader has something to do then.
            return timedelta(seconds=until_retry)
        await asyncio.sleep(max(0.0, self._last_turn + self._pace - loop.time()))
        self._last_turn = loop.time()
        self._is_leading = False
        session = await self._leadership.session()
        if session is None:
            self._followed_at = loop.time()
            return None
        if self._leadership.term != self._term:
            await self._begin_term(session)
        rest = await self._advance(session)
        self._is_leading = True
        return rest

    async def step(self, session: Connection) -> timedelta | None:
        """One turn on any session, without leading in it; for programs that run no loops."""
        return await self._advance(session)

    async def on_stop(self) -> None:
        self._is_leading = False
        await self._leadership.resign()

    async def _begin_term(self, session: Connection) -> None:
        # Virtual transaction ids start again with the server: what an older session remembered is void.
        self._epochs = ()
        # A head lost in a crash is found again; what readers did up to it is later in the same WAL.
        await session.execute(statement(_PACKAGE, "relax_commit"))
        self._term = self._leadership.term

    async def _advance(self, session: Connection) -> timedelta | None:
        head, contiguous, newest = await self._survey(session)
        if newest <= head:
            self._epochs = ()
            return None
        settled = contiguous
        if contiguous < newest:
            rows = await session.fetch(statement(_PACKAGE, "holders"))
            settlement = settle(self._epochs, newest=newest, holders=frozenset(row[0] for row in rows))
            self._epochs = settlement.waiting
            settled = max(contiguous, settlement.position)
        else:
            self._epochs = ()
        if settled > head:
            await session.execute(statement(_PACKAGE, "publish_head"), settled)
            self.telemetry.emit("head.moved", position=settled, event_span=settled - head)
            self._announce()
        return self._tick if settled < newest else AGAIN

    async def _survey(self, session: Connection) -> tuple[int, int, int]:
        """The head, the end of the unbroken run of positions after it, and the highest visible position."""
        row = await session.fetchrow(statement(_PACKAGE, "survey_log"), _LOOK_AHEAD)
        if row is None:
            raise RuntimeError("table headrace.head has lost its row; insert (0, now()) and the head is found again")
        head = int(row[0])
        return head, int(row[1] or head), int(row[2] or head)
