"""Amid appends, failures, deaths, killed sessions, new lanes and rebuilds a projection stays the fold of its log."""

from datetime import timedelta
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fix_events import NoteTaken
from fix_projections import declare, folded, forget, shown
from headrace import ConfigurationError, Headrace, ProjectionNotFoundError, Stream, Telemetry
from headrace.db.connecting import CONNECTION_ERRORS
from headrace.events.head import Head
from headrace.projections import operate
from headrace.projections.projector import Projector
from headrace.projections.rebuilder import Rebuilder
from headrace.service import AGAIN

STREAMS = ("a", "b", "c", "d", None)
NAMES = st.lists(st.sampled_from(STREAMS), min_size=1, max_size=15)
ACTS = st.one_of(
    st.tuples(st.just("append"), NAMES),
    st.tuples(st.just("append"), NAMES),
    st.tuples(st.just("follow"), st.integers(1, 3)),
    st.tuples(st.just("serve"), st.none()),
    st.tuples(st.just("serve"), st.none()),
    st.tuples(st.just("build"), st.integers(1, 4)),
    st.tuples(st.just("build"), st.integers(1, 4)),
    st.tuples(st.just("die"), st.sampled_from(["projector", "rebuilder"])),
    st.tuples(st.just("kill"), st.sampled_from(["projector", "rebuilder"])),
    st.tuples(st.just("fail"), st.sampled_from(["projector", "rebuilder"])),
    st.tuples(st.just("lanes"), st.integers(1, 4)),
    st.tuples(st.just("rebuild"), st.none()),
    st.tuples(st.just("roll_back"), st.none()),
    st.tuples(st.just("drop"), st.integers(1, 5)),
    st.tuples(st.just("wait"), st.none()),
)


class Death(BaseException):
    """The end of a process, as far as its transaction can tell."""


class World:
    """One process that follows and rebuilds `note_stats`; each method is an act."""

    def __init__(self, app: Headrace, clock, fold: str) -> None:
        self.app = app
        self.clock = clock
        self.fold = fold
        self.written = 0
        self.fault: BaseException | Literal["kill"] | None = None
        self.shown: dict[str, int] = {}
        self.start(1)

    def start(self, lanes: int) -> None:
        """A process whose program says so many lanes."""
        told = Headrace("postgresql://nowhere/x")
        declare(told, self.fold, lanes=lanes, batch_size=4, rebuild_size=6, attempts=None)
        [declaration] = told.declarations
        self.break_into(declaration)
        common = {"telemetry": Telemetry(), "clock": self.clock}
        pool, events = self.app.pool, told.events
        skip = timedelta(0)
        self.projector = Projector(pool, events, declaration, is_newest=True, skip_interval=skip, **common)
        self.rebuilder = Rebuilder(pool, events, declaration, **common)
        self.declaration = declaration

    def break_into(self, declaration) -> None:
        """Lets what a fold wrote be followed by a fault, where one is due."""
        bind = declaration.fold.bind

        def bound(registry, subscription):
            found = bind(registry, subscription)

            def faulty(function):
                async def run(*arguments):
                    answer = await function(*arguments)
                    fault, self.fault = self.fault, None
                    if fault == "kill":
                        await self.end_session(arguments[0])
                    elif fault is not None:
                        raise fault
                    return answer

                return None if function is None else run

            return type(found)(faulty(found.apply_rows), faulty(found.apply_span))

        declaration.fold.bind = bound

    async def append(self, streams) -> None:
        async with self.app.transaction() as tx:
            for stream in streams:
                self.written += 1
                place = None if stream is None else Stream("note", stream)
                await tx.append(NoteTaken(str(self.written)), stream=place)
        head = Head(self.app.pool, telemetry=Telemetry(), pace=timedelta(0))
        await head.run_once()
        await head.stop()

    async def follow(self, count) -> None:
        for _ in range(count):
            await self.projector.run_once()

    async def serve(self, _) -> None:
        """Follows with the build that is shown alone, as where another process has the others."""
        for build in await self.projector.begin():
            if build.state == "live":
                await self.projector._consumer(build).run_once()

    async def build(self, count) -> None:
        for _ in range(count):
            await self.rebuilder.run_once()

    async def die(self, which) -> None:
        self.fault = Death()
        try:
            await getattr(self, which).run_once()
        except Death:
            self.start(self.declaration.lanes)
        self.fault = None

    async def end_session(self, connection) -> None:
        """The server ends the session that has folded a batch, before the checkpoint has moved."""
        pid = await connection.fetchval("SELECT pg_backend_pid()")
        async with self.app.pool.acquire() as other:
            assert await other.fetchval("SELECT pg_terminate_backend($1, 5000)", pid)

    async def kill(self, which) -> None:
        self.fault = "kill"
        try:
            await getattr(self, which).run_once()
        except CONNECTION_ERRORS:
            assert self.fault is None, "nobody was killed"
        self.fault = None

    async def fail(self, which) -> None:
        self.fault = ValueError("not now")
        await getattr(self, which).run_once()
        self.fault = None

    async def lanes(self, count) -> None:
        self.start(count)

    async def rebuild(self, _) -> None:
        await self.operate(operate.rebuild, self.declaration)

    async def roll_back(self, _) -> None:
        await self.operate(operate.roll_back, "note_stats")

    async def drop(self, build) -> None:
        await self.operate(operate.drop, "note_stats", build)

    async def wait(self, _) -> None:
        self.clock.advance(timedelta(minutes=6))

    async def operate(self, what, *arguments) -> None:
        try:
            async with self.app.pool.acquire() as connection, connection.transaction():
                await what(connection, *arguments)
        except (ConfigurationError, ProjectionNotFoundError):
            return  # refused, as it should be

    async def require_no_way_back(self) -> None:
        """What a reader sees never goes back, whichever build it is shown."""
        async with self.app.pool.acquire() as connection:
            if not await connection.fetchval("SELECT to_regclass('note_stats') IS NOT NULL"):
                return
            rows = {row[0]: row[1] for row in await shown(connection)}
        assert all(rows.get(key, 0) >= count for key, count in self.shown.items()), (self.shown, rows)
        self.shown = rows

    async def settle(self) -> None:
        for _ in range(4):
            self.clock.advance(timedelta(minutes=6))
            while AGAIN in (await self.projector.run_once(), await self.rebuilder.run_once()):
                pass


async def run(clocked, clock, fold: str, acts) -> None:
    app = clocked.app
    await forget(app)
    world = World(app, clock, fold)
    for name, value in acts:
        await getattr(world, name)(value)
        await world.require_no_way_back()
    await world.settle()
    async with app.pool.acquire() as connection:
        expected = await folded(connection)
        assert await shown(connection) == expected
        rows = await connection.fetch("SELECT projection || '__' || build, state FROM headrace.projection_build")
        assert {row[1] for row in rows} <= {"live", "kept", "dropped"}, rows
        for schema, state in rows:
            if state == "kept":
                kept = await connection.fetch(
                    f'SELECT key, notes, letters, last FROM "{schema}".note_stats ORDER BY key'
                )
                assert [tuple(row) for row in kept] == expected


@pytest.mark.timeout(120)
@pytest.mark.slow
@pytest.mark.parametrize("fold", ["sql", "keyed"])
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(acts=st.lists(ACTS, min_size=5, max_size=30))
async def test_whatever_happens_a_projection_is_the_fold_of_its_log(clocked, clock, fold, acts):
    clocked.app.register(NoteTaken)
    await run(clocked, clock, fold, acts)


async def test_a_rebuild_amid_deaths_failures_and_new_lanes_is_the_fold_of_its_log(clocked, clock):
    clocked.app.register(NoteTaken)
    many = ["a", "b", "c", None, "d", "a"] * 4
    acts = (
        ("append", many),
        ("follow", 3),
        ("rebuild", None),
        ("build", 1),
        ("die", "rebuilder"),
        ("kill", "rebuilder"),
        ("lanes", 3),
        ("fail", "rebuilder"),
        ("append", many),
        ("die", "projector"),
        ("kill", "projector"),
        ("wait", None),
        ("build", 4),
        ("follow", 2),
        ("roll_back", None),
        ("append", many),
        ("serve", None),
        ("serve", None),
        ("build", 3),
        ("fail", "projector"),
        ("lanes", 2),
    )
    await run(clocked, clock, "keyed", acts)
