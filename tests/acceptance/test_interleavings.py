"""Amid appends, failing folds, new lanes, rebuilds and workers killed with -9 a projection is the fold of its log."""

import os
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from fix_apps import WorkerProcess, eventually
from fix_events import NoteTaken
from fix_projections import declare, folded, forget, shown
from headrace import ConfigurationError, ProjectionNotFoundError, Stream
from headrace.events import operate as subscriptions
from headrace.projections import operate
from headrace.projections.survey import list_details

SLOTS = (0, 1)
ACTS = st.one_of(
    st.tuples(st.just("append"), st.integers(20, 60)),
    st.tuples(st.just("append"), st.integers(20, 60)),
    st.tuples(st.just("start"), st.tuples(st.sampled_from(SLOTS), st.integers(1, 4))),
    st.tuples(st.just("start"), st.tuples(st.sampled_from(SLOTS), st.integers(1, 4))),
    st.tuples(st.just("kill"), st.sampled_from(SLOTS)),
    st.tuples(st.just("advance"), st.none()),
    st.tuples(st.just("advance"), st.none()),
    st.tuples(st.just("fail"), st.none()),
    st.tuples(st.just("heal"), st.none()),
    st.tuples(st.just("rebuild"), st.none()),
    st.tuples(st.just("roll_back"), st.none()),
)


class World:
    """Two places for worker processes on one database; each method is an act."""

    def __init__(self, app: Any, dsn: str, start: Callable[..., WorkerProcess], fault: Any) -> None:
        self.app = app
        self.dsn = dsn
        self.fault = fault
        self.written = 0
        self.kills = 0
        self.told: list[tuple[str, Any]] = []
        self._start = start
        self._workers: dict[int, WorkerProcess] = {}

    async def append(self, count: int) -> None:
        async with self.app.transaction() as tx:
            for number in range(self.written, self.written + count):
                await tx.append(NoteTaken(f"n{number}"), stream=Stream("note", str(number % 13)))
        self.written += count

    async def start(self, chosen: tuple[int, int]) -> None:
        """A worker in a place, of a program that says so many lanes; who was there is killed."""
        slot, lanes = chosen
        await self.kill(slot)
        os.environ["INTERLEAVED_LANES"] = str(lanes)
        self._workers[slot] = self._start(self.dsn, app="interleaved:app")

    async def kill(self, slot: int) -> None:
        worker = self._workers.pop(slot, None)
        if worker is not None:
            worker.kill()
            assert worker.process.returncode == -9, worker.told()
            self.kills += 1

    async def advance(self, _: None = None) -> None:
        """Waits until something has been folded, where there is who could and something to fold."""
        if not self._workers or self.fault.exists():
            return
        before = await self.positions()
        await eventually(lambda: self.has_moved(before), 30)

    async def has_moved(self, before: Sequence[Any]) -> bool:
        async with self.app.pool.acquire() as connection:
            last = await connection.fetchval("SELECT coalesce(max(position), 0) FROM headrace.event")
        now = await self.positions()
        return now != before or bool(now and all(row[2] >= last for row in now))

    async def positions(self) -> Sequence[Any]:
        async with self.app.pool.acquire() as connection:
            rows = await connection.fetch("SELECT subscription, lane, position FROM headrace.checkpoint ORDER BY 1, 2")
        return [tuple(row) for row in rows]

    async def fail(self, _: None) -> None:
        self.fault.touch()

    async def heal(self, _: None = None) -> None:
        self.fault.unlink(missing_ok=True)

    async def rebuild(self, _: None) -> None:
        await self.operate(lambda: self.app.projections.rebuild("note_stats"))

    async def roll_back(self, _: None) -> None:
        async def back() -> None:
            async with self.app.transaction() as unit:
                await operate.roll_back(unit.connection, "note_stats")

        await self.operate(back)

    async def operate(self, what: Callable[[], Any]) -> None:
        try:
            await what()
        except (ConfigurationError, ProjectionNotFoundError):
            return  # refused, as it should be

    async def settle(self) -> None:
        """Lets everything come to its end, with one worker and nothing that fails."""
        await self.heal()
        await self.kill(1)
        await self.start((0, 3))
        await eventually(self.has_begun, 30)
        async with self.app.transaction() as unit:
            for build in await self.app.projections.builds("note_stats"):
                await subscriptions.resume(unit.connection, build.name)
        await eventually(self.is_settled, 60)
        await self.kill(0)

    async def has_begun(self) -> bool:
        return bool(await self.app.projections.builds("note_stats"))

    async def is_settled(self) -> bool:
        async with self.app.pool.acquire() as connection:
            last = await connection.fetchval("SELECT coalesce(max(position), 0) FROM headrace.event")
            found = await list_details(connection, "note_stats")
        return all(one.state in ("live", "kept") and not one.is_wanted and (one.position or 0) >= last for one in found)


@pytest.fixture
async def world(database, bench, start_worker, tmp_path, monkeypatch):
    fault = tmp_path / "fault"
    monkeypatch.setenv("INTERLEAVED_FAULT", str(fault))
    monkeypatch.setenv("INTERLEAVED_LANES", "2")
    declare(bench.app, "keyed")
    return World(bench.app, database, start_worker, fault)


async def run(world: World, acts: Sequence[tuple[str, Any]]) -> None:
    for name, value in acts:
        world.told.append((name, value))
        await getattr(world, name)(value)
    await world.settle()
    async with world.app.pool.acquire() as connection:
        expected = await folded(connection)
        assert await shown(connection) == expected, world.told
        for build in await world.app.projections.builds("note_stats"):
            rows = await connection.fetch(
                f'SELECT key, notes, letters, last FROM "{build.name}".note_stats ORDER BY key'
            )
            assert [tuple(row) for row in rows] == expected, (build, world.told)


@pytest.mark.slow
@pytest.mark.timeout(300)
@settings(
    max_examples=6, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate]
)
@given(acts=st.lists(ACTS, min_size=8, max_size=14))
async def test_whatever_happens_to_its_workers_a_projection_is_the_fold_of_its_log(world, acts):
    await forget(world.app)
    world.written, world.told = 0, []
    await run(world, acts)


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_workers_killed_while_the_fold_fails_lanes_change_and_a_rebuild_runs(world):
    acts = (
        ("append", 600),
        ("start", (0, 2)),
        ("advance", None),
        ("rebuild", None),
        ("start", (1, 4)),
        ("advance", None),
        ("kill", 0),
        ("append", 300),
        ("fail", None),
        ("start", (0, 3)),
        ("append", 50),
        ("heal", None),
        ("kill", 1),
        ("advance", None),
        ("rebuild", None),
    )
    await run(world, acts)
    assert world.kills >= 3
