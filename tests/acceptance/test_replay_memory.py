"""A replay job and a dry run need no more memory for a long history than for a short one."""

import asyncio
import sys
from pathlib import Path

import pytest

from headrace.events.head import Head
from headrace.telemetry import Telemetry

_ROOT = Path(__file__).parents[2]
_FILL = """
INSERT INTO headrace.event
    (id, type, schema_version, aggregate_type, aggregate_id, stream_version, data, source, correlation_id, occurred_at)
SELECT gen_random_uuid(), 'bench.happened', 1, 'bench', (number % 1000)::text, number / 1000 + 1,
       jsonb_build_object('number', number, 'user', 'ada', 'note', repeat('n', 90)), 'tests', gen_random_uuid(), now()
FROM generate_series($1::bigint, $2::bigint - 1) AS number
"""
_SHORT, _LONG = 25_000, 100_000
_MOST_GROWTH_KB = 12 * 1024


async def peak_kb(dsn: str, way: str, count: int) -> int:
    """The most memory a process had that let a handler meet so many events."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.replaying", dsn, way, cwd=_ROOT, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0
    seen, _, _, peak = printed.split()
    assert int(seen) == count
    return int(peak)


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_neither_grows_with_the_history(pool, connection, database):
    await connection.execute("CREATE TABLE tally (key text PRIMARY KEY, count bigint NOT NULL)")
    found: dict[str, list[int]] = {"replay": [], "rehearse": []}
    for first, count in ((0, _SHORT), (_SHORT, _LONG)):
        await connection.execute(_FILL, first, count)
        head = Head(pool, telemetry=Telemetry())
        await head.run_once()
        await head.stop()
        for way, peaks in found.items():
            peaks.append(await peak_kb(database, way, count))
    for way, (short, long) in found.items():
        assert long - short < _MOST_GROWTH_KB, (way, short, long)
