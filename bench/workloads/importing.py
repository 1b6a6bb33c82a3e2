"""Import past events part by part and in one transaction, beside a bare COPY of the same rows that are made by hand."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import asyncpg
import msgspec

from bench.app import Happened, make_app
from bench.contest import Contest, Contestant, Round, Wanted
from bench.processor import spent
from bench.stage import Stage
from headrace import Headrace, PastEvent, Stream, uuid7
from headrace.db.statements import statement

STREAMS = 1_000
COMMIT_EVERY = 20_000
_RATIO_WANTED = 0.8
_MOMENT = datetime(2020, 1, 1, tzinfo=UTC)
_COLUMNS = (
    "id", "type", "schema_version", "aggregate_type", "aggregate_id", "stream_version", "data", "source",
    "correlation_id", "occurred_at",
)  # fmt: skip


@asynccontextmanager
async def imports(stage: Stage) -> AsyncIterator[Contest]:
    """Into empty tables each time. All make their rows on the way; the bare COPY counts the versions by itself.

    The first of ours is held to the ratio. Processor time is told for each: it says more on a machine in use.
    """
    count = stage.pick(200_000, 5_000)
    async with stage.database() as dsn, make_app(dsn) as app:
        session = await asyncpg.connect(dsn)
        try:
            yield Contest(
                name="import",
                title="import events",
                measure="rate",
                unit="events/s",
                rounds=stage.pick(9, 1),
                wanted=Wanted(ratio=_RATIO_WANTED),
                contestants=(
                    Contestant("headrace", lambda: _ours(app, session, count, commit_every=COMMIT_EVERY)),
                    Contestant("bare COPY of the same rows", lambda: _bare(session, count)),
                    Contestant("bare COPY into the log itself", lambda: _bare(session, count, table="event")),
                    Contestant("headrace in one transaction", lambda: _ours(app, session, count)),
                ),
            )
        finally:
            await session.close()


def past_events(count: int) -> Iterator[PastEvent]:
    """Events of a thousand streams, taking turns."""
    for number in range(count):
        yield PastEvent(data=Happened(number), stream=Stream("bench", str(number % STREAMS)), occurred_at=_MOMENT)


async def _ours(app: Headrace, session: asyncpg.Connection, count: int, *, commit_every: int | None = None) -> Round:
    async def run() -> int:
        imported = await app.import_events(past_events(count), commit_every=commit_every)
        return imported.event_count

    return await _measured(session, count, run)


async def _bare(session: asyncpg.Connection, count: int, *, table: str = "plain_event") -> Round:
    schema = "headrace" if table == "event" else None

    async def run() -> int:
        told = await session.copy_records_to_table(table, schema_name=schema, records=_rows(count), columns=_COLUMNS)
        return int(told.removeprefix("COPY "))

    return await _measured(session, count, run)


async def _measured(session: asyncpg.Connection, count: int, run: Callable[[], Awaitable[int]]) -> Round:
    await session.execute(statement("bench", "clear_events"))
    before = await spent(session)
    started = time.perf_counter()
    stored = await run()
    seconds = time.perf_counter() - started
    if stored != count:
        raise RuntimeError(f"{stored} events were stored, {count} were given; the round does not count")
    cost = (await spent(session)).since(before)
    return Round(
        [count / seconds],
        {"us of ours an event": cost.here / count * 1e6, "us of the server": cost.server / count * 1e6},
    )


def _rows(count: int) -> Iterator[tuple[Any, ...]]:
    for number in range(count):
        chosen = uuid7()
        yield (
            chosen,
            "bench.happened",
            1,
            "bench",
            str(number % STREAMS),
            number // STREAMS + 1,
            msgspec.json.encode(Happened(number)).decode(),
            "bench",
            chosen,
            _MOMENT,
        )
