"""Goes on with a replay, batch by batch: the handler's writes and how far it is in one transaction."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from uuid import UUID

from headrace.bridge import Apply
from headrace.clock import Clock
from headrace.db.connection import Pool, Row
from headrace.events.failure import describe_failure
from headrace.events.schema import EventRegistry
from headrace.events.sealing import opened_events
from headrace.jobs.handle import Job
from headrace.replay import store
from headrace.replay.page import next_page
from headrace.replay.replay import SILENCE, Replay
from headrace.replay.withheld import Withheld, added, withhold
from headrace.telemetry import Telemetry
from headrace.transaction import Transaction


class Runner:
    """Runs replays in jobs. Any number of processes may; a replay's row lets one at it at a time.

    A batch that fails is tried again at half its size, down to the one event that fails; that error ends the
    attempt, and is noted with the replay. `begin` opens a transaction of the application.
    """

    def __init__(
        self,
        *,
        begin: Callable[[], AbstractAsyncContextManager[Transaction]],
        apply: Callable[[str], Apply],
        registry: EventRegistry,
        pool: Callable[[], Pool],
        clock: Clock,
        telemetry: Telemetry,
    ) -> None:
        self._begin = begin
        self._apply = apply
        self._registry = registry
        self._pool = pool
        self._clock = clock
        self._telemetry = telemetry

    async def run(self, replay_id: UUID, job: Job) -> dict[str, int | str]:
        """Works until it has ended, is paused or cancelled, or another job has taken it; how far it got."""
        async with self._pool().acquire() as connection:
            replay = await store.find(connection, replay_id)
        apply = self._apply(replay.handler)
        size, handled_count, goes_on = replay.batch_size, 0, True
        while goes_on:
            page: list[Row] = []
            try:
                goes_on = await self._advance(replay, job, apply, size, page)
            except Exception as error:
                if len(page) > 1:
                    size = len(page) // 2
                    continue
                await self._note(replay, page, error)
                raise
            handled_count += len(page)
            size = min(replay.batch_size, 2 * size)
            await asyncio.sleep(0)  # a database that answers at once must not keep others from their turn
        async with self._pool().acquire() as connection:
            ended = await store.find(connection, replay_id)
        self._telemetry.emit(
            "replay.stopped",
            level=logging.INFO,
            replay=replay_id,
            handler=replay.handler,
            state=ended.state,
            event_count=ended.event_count,
        )
        return {"state": ended.state, "handled": handled_count, "position": ended.position}

    async def _advance(self, replay: Replay, job: Job, apply: Apply, size: int, page: list[Row]) -> bool:
        """One batch, whose rows are put into `page` before they are handled; whether there may be more."""
        withheld = None if replay.has_effects else Withheld()
        with withhold(withheld):
            async with self._begin() as unit:
                held = await store.lock(unit.connection, replay.id, silence=SILENCE)
                if held.job_id != job.id or held.has_ended:
                    return False
                if held.is_paused:
                    await store.release(unit.connection, replay.id)
                    return False
                found = await next_page(
                    unit.connection,
                    replay.filter,
                    position=held.position,
                    cursor=held.cursor,
                    until=held.until,
                    limit=size,
                )
                page += found.rows
                if page:
                    await apply(unit, list(await opened_events(unit.connection, self._registry, page)))
                    await unit.flush()
                await store.advance(
                    unit.connection,
                    replay.id,
                    position=found.position,
                    cursor=found.cursor,
                    event_count=len(page),
                    withheld=held.withheld if withheld is None else added(held.withheld, withheld),
                    has_ended=found.is_last,
                    now=self._clock.override(),
                )
        job.progress(found.position - replay.after, total=replay.until - replay.after)
        return not found.is_last

    async def _note(self, replay: Replay, page: Sequence[Row], error: Exception) -> None:
        if not page:
            return
        position, event_id, event_type = page[0][:3]
        facts = describe_failure(error, position=position, event_id=event_id, event_type=event_type)
        async with self._pool().acquire() as connection:
            await store.record_error(connection, replay.id, facts)
