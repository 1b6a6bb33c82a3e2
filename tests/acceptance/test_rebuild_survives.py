"""A rebuild goes on wherever it was killed with -9, while writers write and a reader polls what serves."""

import asyncio

import asyncpg
import pytest

from fix_apps import eventually, opened_bench
from fix_projections import declare, folded, shown, take_notes

STREAMS = 23
_FIRST = 3000


class Reader:
    """Polls the view throughout; every row there ever was stays, and no count goes back."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self.look_count = 0
        self.faults: list[str] = []
        self.longest = 0.0
        self._is_over = False

    async def poll(self) -> None:
        session = await asyncpg.connect(self.dsn)
        loop = asyncio.get_running_loop()
        before: dict[str, int] = {}
        try:
            while not self._is_over:
                started = loop.time()
                rows = {row[0]: row[1] for row in await shown(session)}
                self.longest = max(self.longest, loop.time() - started)
                self.faults += [
                    f"{key}: {count} notes, then {rows.get(key)}"
                    for key, count in before.items()
                    if rows.get(key, -1) < count
                ]
                before = rows
                self.look_count += 1
        finally:
            await session.close()

    def end(self) -> None:
        self._is_over = True


async def write(app, count: int, first: int) -> None:
    for number in range(first, first + count, 10):
        await take_notes(app, 10, first=number, streams=STREAMS)


@pytest.mark.slow
@pytest.mark.timeout(90)
@pytest.mark.parametrize("fold", ["in_sql", pytest.param("keyed", marks=pytest.mark.slow)])
async def test_a_rebuild_goes_on_where_it_was_killed_while_others_write_and_read(
    database, connection, start_worker, fold
):
    async with opened_bench(database) as bench:
        app = bench.app
        declare(app, "sql" if fold == "in_sql" else "keyed")
        await take_notes(app, _FIRST, streams=STREAMS)
        first = start_worker(database, app=f"projected:{fold}")
        await eventually(lambda: is_folded(connection), 40)

        reader = Reader(database)
        polling = asyncio.create_task(reader.poll())
        writing = asyncio.create_task(write(app, 1000, _FIRST))
        await app.projections.rebuild("note_stats")
        at = 0
        for _ in range(3):
            at = await eventually(lambda at=at: beyond(connection, at), 30)
            assert await state(connection) == "filling", "it was over before it was killed"
            first.kill()
            assert first.process.returncode == -9
            killed_at = await position(connection)
            assert killed_at >= at
            first = start_worker(database, app=f"projected:{fold}")
        await writing
        await eventually(lambda: has_swapped(connection), 60)
        await eventually(lambda: is_folded(connection), 30)
        reader.end()
        await polling

    assert (reader.faults, reader.look_count > 100) == ([], True)
    verdict = await connection.fetchval("SELECT verdict ->> 'how' FROM headrace.projection_build WHERE build = 2")
    assert verdict == "compared"
    await eventually(lambda: agree(connection), 30)


async def agree(connection) -> bool:
    """Whether both builds have folded each event exactly once."""
    return await connection.fetchval(
        "SELECT min(folded.count) = max(folded.count) AND max(folded.count) ="
        " (SELECT count(*) FROM headrace.event WHERE type = 'note.taken')"
        " FROM (SELECT sum(event_count) AS count FROM headrace.checkpoint GROUP BY subscription) AS folded"
    )


async def is_folded(connection) -> bool:
    return await shown(connection) == await folded(connection) if await has_view(connection) else False


async def has_view(connection) -> bool:
    return await connection.fetchval("SELECT to_regclass('note_stats') IS NOT NULL")


async def position(connection) -> int:
    return await connection.fetchval(
        "SELECT min(position) FROM headrace.checkpoint WHERE subscription = 'note_stats__2'"
    )


async def beyond(connection, at: int) -> int | None:
    """How far the rebuild is, once that is some batches beyond a position."""
    found = await position(connection)
    return found if found is not None and found > at + 200 else None


async def state(connection) -> str:
    return await connection.fetchval("SELECT state FROM headrace.projection_build WHERE build = 2")


async def has_swapped(connection) -> bool:
    return await state(connection) == "live"
