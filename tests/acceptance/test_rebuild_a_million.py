"""A million events rebuilt in bounded memory while others append, read, and wait for what they wrote."""

import resource
import sys

import pytest

from fix_apps import eventually, opened_bench
from fix_events import NoteTaken
from fix_projections import declare, shown
from headrace import Stream
from headrace.projections.survey import list_details
from headrace.testing import drain

_COUNT = 1_000_000
_STREAMS = 20_000
_FILL = """
INSERT INTO headrace.event
    (id, type, schema_version, aggregate_type, aggregate_id, stream_version, data, source, correlation_id, occurred_at)
SELECT gen_random_uuid(), 'note.taken', 1, 'note', (number % $2)::text, number / $2 + 1,
       jsonb_build_object('text', 'n' || number), 'tests', gen_random_uuid(), now()
FROM generate_series(0, $1::bigint - 1) AS number
"""
_BY_HAND = """
SELECT aggregate_id, count(*), sum(length(data ->> 'text')), (array_agg(data ->> 'text' ORDER BY position DESC))[1]
FROM headrace.event WHERE type = 'note.taken' GROUP BY 1 ORDER BY 1
"""
_MOST_GROWTH_KB = 64 * 1024


def memory_kb() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 1024 if sys.platform == "darwin" else peak


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_a_million_events_are_rebuilt_verified_and_swapped_under_load(database, connection):
    await connection.execute(_FILL, _COUNT, _STREAMS)
    await connection.execute(
        "INSERT INTO headrace.stream (aggregate_type, aggregate_id, version)"
        " SELECT aggregate_type, aggregate_id, max(stream_version) FROM headrace.event GROUP BY 1, 2; ANALYZE"
    )
    async with opened_bench(database) as bench:
        app = bench.app
        declare(app, "sql")
        before_kb = memory_kb()
        await drain(app)
        assert await hands(connection) == await shown(connection)
        seen: list[tuple[str, float, bool]] = []
        async with bench.working():
            await app.projections.rebuild("note_stats")
            number = 0
            while await state(connection, 2) != "live":
                position = await write(app, number)
                number += 1
                await app.projections.wait_for("note_stats", position)
                build = (await list_details(connection, "note_stats"))[1]
                seen.append((build.state, build.progress, build.eta is not None))
                assert await connection.fetchval("SELECT count(*) FROM note_stats") == _STREAMS
            await eventually(lambda: is_by_hand(connection), 30)
        assert memory_kb() - before_kb < _MOST_GROWTH_KB
    filling = [one for one in seen if one[0] == "filling"]
    assert len(filling) >= 3, seen
    # What is appended meanwhile moves the end away, by a few events in a million.
    progress = [round(one[1], 3) for one in filling]
    assert progress == sorted(progress)
    assert any(one[2] for one in filling)
    verdict = await connection.fetchval("SELECT verdict::text FROM headrace.projection_build WHERE build = 2")
    assert '"how": "compared"' in verdict
    assert f'"rows": {_STREAMS}' in verdict


async def write(app, number: int) -> int:
    async with app.transaction() as tx:
        await tx.append(NoteTaken(f"late{number}"), stream=Stream("note", str(number % 50)))
    return tx.last_position


async def hands(connection) -> list[tuple]:
    return [tuple(row) for row in await connection.fetch(_BY_HAND)]


async def is_by_hand(connection) -> bool:
    return await hands(connection) == await shown(connection)


async def state(connection, build: int) -> str:
    return await connection.fetchval("SELECT state FROM headrace.projection_build WHERE build = $1", build)
