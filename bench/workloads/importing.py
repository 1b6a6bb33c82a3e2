"""Import past events in one transaction, beside a bare COPY of the same rows that are made by hand."""

import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import asyncpg
import msgspec

from bench.app import Happened, make_app
from bench.contest import Contest, Contestant, Wanted
from bench.stage import Stage
from headrace import Headrace, PastEvent, Stream, uuid7
from headrace.db.statements import statement

STREAMS = 1_000
_RATIO_WANTED = 0.8
_MOMENT = datetime(2020, 1, 1, tzinfo=UTC)
_COLUMNS = (
    "id", "type", "schema_version", "aggregate_type", "aggregate_id", "stream_version", "data", "source",
    "correlation_id", "occurred_at",
)  # fmt: skip


@asynccontextmanager
async def imports(stage: Stage) -> AsyncIterator[Contest]:
    """Into empty tables each time. Both make their rows on the way; the bare COPY counts the versions by itself."""
    count = stage.pick(200_000, 5_000)
    async with stage.database() as dsn, make_app(dsn) as app:
        session = await asyncpg.connect(dsn)
        try:
            yield Contest(
                name="import",
                title="import events",
                measure="rate",
                unit="events/s",
                rounds=stage.pick(3, 1),
                wanted=Wanted(ratio=_RATIO_WANTED),
                contestants=(
                    Contestant("headrace", lambda: _ours(app, session, count)),
                    Contestant("bare COPY of the same rows", lambda: _bare(session, count)),
                    Contestant("bare COPY into the log itself", lambda: _bare(session, count, table="event")),
                ),
            )
        finally:
            await session.close()


def past_events(count: int) -> Iterator[PastEvent]:
    """Events of a thousand streams, taking turns."""
    for number in range(count):
        yield PastEvent(data=Happened(number), stream=Stream("bench", str(number % STREAMS)), occurred_at=_MOMENT)


async def _ours(app: Headrace, session: asyncpg.Connection, count: int) -> Sequence[float]:
    await session.execute(statement("bench", "clear_events"))
    started = time.perf_counter()
    imported = await app.import_events(past_events(count))
    return [_rate(imported.event_count, count, started)]


async def _bare(session: asyncpg.Connection, count: int, *, table: str = "plain_event") -> Sequence[float]:
    await session.execute(statement("bench", "clear_events"))
    schema = "headrace" if table == "event" else None
    started = time.perf_counter()
    told = await session.copy_records_to_table(table, schema_name=schema, records=_rows(count), columns=_COLUMNS)
    return [_rate(int(told.removeprefix("COPY ")), count, started)]


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


def _rate(stored: int, count: int, started: float) -> float:
    if stored != count:
        raise RuntimeError(f"{stored} events were stored, {count} were given; the round does not count")
    return count / (time.perf_counter() - started)
