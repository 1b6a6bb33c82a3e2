"""A replay whose workers are killed with -9: each event's effects are there exactly once, and it ends."""

from pathlib import Path

import pytest

from fix_apps import eventually, opened_bench
from fix_events import NoteTaken, new
from fix_replays import fill

pytestmark = pytest.mark.timeout(90)

_COUNT = 3_000
_DONE = "SELECT event_count FROM headrace.replay"


@pytest.fixture
def importable(monkeypatch):
    """Lets workers import the tests' event classes."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))


@pytest.mark.slow
async def test_a_replay_survives_its_workers_and_writes_everything_once(database, start_worker, importable):
    async with opened_bench(database) as bench:
        await bench.app.pool.execute("CREATE TABLE public.copy (position bigint NOT NULL, text text NOT NULL)")
        await fill(bench.app.pool, *(new(NoteTaken(str(number))) for number in range(_COUNT)))
        bench.app.register(NoteTaken)
        bench.app.on(NoteTaken, mode="ordered", name="copy", start="now", batch_size=20)(_never)
        begun = await bench.app.replays.begin("copy")

        for _ in range(3):
            before = await bench.value(_DONE)
            worker = start_worker(database, app="replayed:app")
            await eventually(lambda before=before: _more(bench, before), 30, what=worker.told())
            worker.kill()
            killed_at = await bench.value(_DONE)
            assert await bench.value("SELECT count(*) FROM public.copy") == killed_at
        assert 0 < killed_at < _COUNT, "the kills came too early or too late to prove anything"

        start_worker(database, app="replayed:app")
        await eventually(lambda: bench.value("SELECT ended_at IS NOT NULL FROM headrace.replay"), 60)
        found = await bench.app.replays.show(begun.id)
        rows = await bench.value("SELECT array_agg(position ORDER BY position) FROM public.copy")
    assert rows == list(range(1, _COUNT + 1))
    assert (found.state, found.percent, found.event_count) == ("completed", 100, _COUNT)
    # Kept back with the batches that were committed, and no others.
    assert found.withheld["jobs"]["process-event"] >= _COUNT // 20


async def _more(bench, before: int) -> bool:
    return await bench.value(_DONE) > before


async def _never(events, tx):
    raise AssertionError("no worker runs in this process")
