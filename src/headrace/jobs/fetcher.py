"""Claims jobs into the buffer, ahead of the runners."""

import logging
import time
from collections.abc import Sequence
from datetime import timedelta

from headrace.clock import Clock
from headrace.db.pool import ConnectionPool
from headrace.db.session import Session
from headrace.jobs import store
from headrace.jobs.buffer import Buffer
from headrace.jobs.cursor import ClaimCursor, Range
from headrace.jobs.doubt import Doubt
from headrace.jobs.key_cursor import KeyCursor
from headrace.jobs.limit import Rule
from headrace.jobs.limit_rules import declare_rules
from headrace.jobs.limited_claims import Claimed, LimitedClaims
from headrace.jobs.outlook import Outlook, next_due
from headrace.service import AGAIN, Service
from headrace.telemetry import Telemetry

_LEAST_REST = timedelta(milliseconds=1)
_LOOK_SECONDS = 1.0


class Fetcher(Service):
    """Keeps the buffer filled while jobs are due, and sleeps until a wake-up or the poll interval otherwise.

    A look from the beginning that got less than it asked for has seen all that is due. Until a wake-up or a moment
    known before, nothing is looked for again, however many runners become idle.

    Before its first claim it declares the `rules` of limits. Claims look at limits only where a limited
    queue or a job with a limit key has been seen, or is to come by a kind of these queues (`limited`).
    """

    def __init__(
        self,
        pool: ConnectionPool,
        *,
        cursor: ClaimCursor,
        kinds: Sequence[str],
        clock: Clock,
        telemetry: Telemetry,
        poll: timedelta,
        most: int,
        app_name: str,
        rules: Sequence[Rule] = (),
        limited: Sequence[str] = (),
    ) -> None:
        super().__init__("fetcher", telemetry=telemetry, idle=poll)
        self.buffer = Buffer(most=most, on_low=self._refill)
        self.worker_id: int | None = None
        self._session = Session(pool, "fetcher", **store.BATCH_SESSION)
        self._cursor = cursor
        self._doubt = Doubt()
        self._kinds = list(kinds)
        self._queues = cursor.queues
        self._limits = LimitedClaims(pool, KeyCursor([queue for queue in limited if queue in cursor.queues]))
        self._app_name = app_name
        self._undeclared: Sequence[Rule] | None = rules
        self._looks_at = 0.0
        self._is_short = True
        self._has_seen_all = False
        self._poll = poll
        self._clock = clock

    async def run_once(self) -> timedelta | None:
        worker_id = self.worker_id
        if worker_id is None or self.is_stopping:
            return None
        await self._declare()
        await self._release_unheard(worker_id)
        self._has_seen_all = False
        wanted = self.buffer.wanted(time.monotonic())
        if wanted <= 0:
            return None
        began = time.monotonic()
        is_anew = self._is_short and self._cursor.begins_anew(now=began)
        wants_outlook = self._is_short or began >= self._looks_at
        self._is_short = False
        rows, has_spent, outlook = await self._claim(
            wanted, worker_id, is_sweep=is_anew, has_keys=True, wants_outlook=wants_outlook
        )
        claimed = len(rows)
        self._is_short = is_short = self._cursor.is_short(claimed, limit=wanted)
        until_sweep = 0.0
        if is_anew:
            self._cursor.swept(started=began, ended=time.monotonic())
        else:
            until_sweep = self._cursor.until_sweep(now=time.monotonic(), is_short=is_short)
            if until_sweep <= 0:
                began = time.monotonic()
                swept = await self._claim(max(wanted - claimed, 1), worker_id, is_sweep=True, has_keys=False)
                self._cursor.swept(started=began, ended=time.monotonic())
                claimed, has_spent = claimed + len(swept.rows), has_spent or swept.has_spent
        if not is_short and claimed and time.monotonic() < self._looks_at:
            return AGAIN
        self._has_seen_all = is_short and until_sweep <= 0
        rest = await self._rest_until_due(outlook)
        if claimed and (not is_short or has_spent):
            return AGAIN
        if until_sweep <= 0:
            return rest
        # What woke us may be behind the cursor: it must not wait for the poll.
        return min(self._poll if rest is None else rest, timedelta(seconds=until_sweep))

    @property
    def is_blocked(self) -> bool:
        """True where a slot that is given back may let it claim."""
        return self._limits.cursor.is_blocked

    async def on_stop(self) -> None:
        await self._session.close()
        await self._limits.close()

    async def _declare(self) -> None:
        if self._undeclared is not None:
            async with self._session.use() as connection:
                await declare_rules(connection, self._undeclared, app=self._app_name)
            self._undeclared = None

    async def _release_unheard(self, worker_id: int) -> None:
        if not self._doubt.wants_look(time.monotonic()):
            return
        async with self._session.use() as connection:
            count = await store.release_unheard(connection, worker_id, after=self._doubt.after, heard=self._doubt.heard)
        if count:
            self.telemetry.emit("jobs.unheard", level=logging.WARNING, count=count, worker=worker_id)

    def _refill(self) -> None:
        if not self._has_seen_all:
            self.wake()

    async def _rest_until_due(self, outlook: Outlook | None) -> timedelta | None:
        """The time to the next delayed job, retry or token where that is sooner than the poll."""
        if outlook is None:
            async with self._session.use() as connection:
                outlook = await next_due(connection, self._queues, now=self._clock.override())
        self._looks_at = time.monotonic() + _LOOK_SECONDS
        keys = self._limits.cursor
        if keys.learn(outlook.keyed, outlook.limited):
            return AGAIN
        limited = keys.rest(now=time.monotonic())
        rests = [outlook.rest, None if limited is None else timedelta(seconds=limited)]
        rest = min((one for one in rests if one is not None), default=None)
        return None if rest is None or rest > self._poll else max(rest, _LEAST_REST)

    async def _claim(
        self, limit: int, worker_id: int, *, is_sweep: bool, has_keys: bool, wants_outlook: bool = False
    ) -> Claimed:
        await self._session.get()  # before the doubt: nothing is claimed where there is no connection
        began = time.perf_counter()
        try:
            claimed = await self._take(
                limit, worker_id, is_sweep=is_sweep, has_keys=has_keys, wants_outlook=wants_outlook
            )
        except Exception:
            # It may have committed, or may still do so, though we never hear which jobs it took.
            self._doubt.begin(time.monotonic())
            raise
        rows = claimed.rows
        if rows:
            self._doubt.hear(rows[0]["lease"])
        if rows and worker_id == self.worker_id:
            self._cursor.advance(
                (
                    (row["queue"], row["priority"], row["run_at"], row["job_id"])
                    for row in rows
                    if row.get("limit_key") is None
                ),
                goes_back=is_sweep and not self._cursor.is_short(len(rows), limit=limit),
            )
            self.buffer.put(rows)
            duration = timedelta(seconds=time.perf_counter() - began)
            self.telemetry.emit("jobs.claimed", count=len(rows), is_sweep=is_sweep, duration=duration)
        return claimed

    async def _take(
        self, limit: int, worker_id: int, *, is_sweep: bool, has_keys: bool, wants_outlook: bool
    ) -> Claimed:
        ranges: list[Range] = self._cursor.plan(limit, is_sweep=is_sweep)
        now = self._clock.override()
        keys = self._limits.cursor
        if keys.limited or (keys.is_needed and has_keys):
            return await self._limits.claim(
                ranges,
                kinds=self._kinds,
                limit=limit,
                worker_id=worker_id,
                now=now,
                has_keys=has_keys,
                tells_outlook=wants_outlook,
            )
        async with self._session.use() as connection:
            rows = await store.claim_jobs(
                connection, ranges, kinds=self._kinds, limit=limit, worker_id=worker_id, now=now
            )
        return Claimed(rows, has_spent=False, outlook=None)
