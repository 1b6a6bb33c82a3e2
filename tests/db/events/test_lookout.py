"""Looks at the log: one for all consumers of a process, none that finds nothing new, and nothing is missed."""

import asyncio
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from fix_apps import eventually
from fix_events import NoteTaken
from headrace.events.consumer import Consumer
from headrace.events.head import Head
from headrace.events.lookout import Lookout
from headrace.events.subscription import Subscription
from headrace.service import AGAIN, Service
from headrace.telemetry import Telemetry


class Counted:
    """A pool that remembers the first words of what it ran by itself."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self.ran: list[str] = []

    async def execute(self, query: str, *args: Any) -> Any:
        self.ran.append("look" if "-- The lanes of" in query else "skip")
        return await self._pool.execute(query, *args)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)


@pytest.fixture
def counted(stage) -> Counted:
    return Counted(stage.pool)


@pytest.fixture
async def readers(stage, counted) -> list[Consumer]:
    """Five that want notes and five that want something else, of one process."""
    lookout = Lookout(counted, clock=stage.clock)
    made = [
        Consumer(
            counted,
            stage.registry,
            Subscription(f"reader-{number}", types=frozenset({"note.taken" if number < 5 else "contact.seen"})),
            begin=stage.begin,
            apply=stage.apply,
            telemetry=Telemetry(),
            clock=stage.clock,
            lookout=lookout,
        )
        for number in range(10)
    ]
    for one in made:
        await one.register()
    return made


async def turn(readers: list[Consumer]) -> list[timedelta | None]:
    return await asyncio.gather(*(one.run_once() for one in readers))


async def positions(stage) -> set[int]:
    return {row["position"] for row in await stage.checkpoints()}


async def test_all_readers_look_by_one_statement_and_are_moved_over_nothing_by_one(stage, counted, readers):
    last = await stage.write("a", "b")
    rests = await turn(readers)
    assert counted.ran == ["look", "skip"]
    assert stage.batches == [["a", "b"]] * 5
    assert AGAIN not in rests, "who came up to the head does not look again"
    assert await positions(stage) == {last}


async def test_each_reader_goes_its_own_way_whatever_the_others_do(stage, readers):
    async with stage.pool.acquire() as session:
        await session.execute("UPDATE headrace.subscription SET paused_at = now() WHERE name = 'reader-1'")
    stage.poison = {"b"}
    await stage.write("a", "b")
    for _ in range(4):
        await turn(readers)
    async with stage.pool.acquire() as session:
        found = dict(await session.fetch("SELECT subscription, position FROM headrace.checkpoint"))
    assert found["reader-1"] == 0
    assert {found[f"reader-{number}"] for number in (0, 2, 3, 4)} == {1}, "each came up to what it cannot handle"
    assert {found[f"reader-{number}"] for number in range(5, 10)} == {2}


async def test_a_reader_with_more_than_a_batch_before_it_goes_on_at_once(stage):
    await stage.write(*"abcde")
    consumer = stage.consumer(batch_size=2)
    assert [await consumer.run_once() for _ in range(2)] == [AGAIN, AGAIN]
    assert await consumer.run_once() != AGAIN
    assert stage.batches == [["a", "b"], ["c", "d"], ["e"]]


async def test_a_reader_a_window_behind_goes_on_at_once(stage):
    await stage.write(*"abcdef")
    consumer = Consumer(
        stage.pool,
        stage.registry,
        Subscription("tests"),
        begin=stage.begin,
        apply=stage.apply,
        telemetry=Telemetry(),
        clock=stage.clock,
        window=3,
    )
    assert await consumer.run_once() == AGAIN
    await consumer.run_once()
    assert await stage.seen() == list("abcdef")


async def test_readers_of_records_of_jobs_are_answered_beside_those_of_other_events(stage, counted):
    lookout = Lookout(counted, clock=stage.clock)
    wanted = [None, frozenset({"job.completed"}), frozenset({"note.taken"})]
    asked = [Subscription(f"s{number}", types=types) for number, types in enumerate(wanted)]
    for subscription in asked:
        consumer = Consumer(
            stage.pool, stage.registry, subscription, begin=stage.begin, apply=stage.apply, telemetry=Telemetry()
        )
        await consumer.register()
    await stage.write("a")
    found = await asyncio.gather(*(lookout.behind(one, window=100) for one in asked))
    assert [[lane.has_events for lane in lanes] for lanes in found] == [[True], [False], [True]]


async def test_what_nobody_is_woken_for_is_found_by_the_poll(stage, readers):
    for one in readers:
        one._idle = timedelta(milliseconds=50)  # the interval of loops in step
        one.start()
    try:
        for text in "abc":
            await stage.write(text)
            expected = 5 * (" abc".index(text))
            await eventually(lambda least=expected: _handled(stage, least))
    finally:
        for one in readers:
            await one.stop()
    assert sorted(await stage.seen()) == sorted("abc" * 5)


async def _handled(stage, least: int) -> bool:
    return len(await stage.seen()) >= least


async def test_loops_in_step_end_their_idle_rest_at_the_same_moment(monkeypatch):
    loop = asyncio.get_running_loop()
    rests = []
    for moment in (1_003.0, 1_003.011):
        one = Service("one", telemetry=Telemetry(), idle=timedelta(seconds=10), is_in_step=True)
        with monkeypatch.context() as then:
            then.setattr(loop, "time", lambda moment=moment: moment)
            rests.append(moment + one._idle_rest().total_seconds())
    assert rests == [pytest.approx(1_010), pytest.approx(1_010)]


async def test_a_batch_that_only_enqueues_asks_for_no_reset_of_its_session(app, connection, monkeypatch):
    @app.job("note")
    async def note() -> None: ...

    async def enqueue(unit, batch) -> None:
        await unit.enqueue_many("note", [None for _ in batch])

    app.register(NoteTaken)
    consumer = Consumer(
        app.pool,
        app.events,
        Subscription("enqueues", types=frozenset({"note.taken"})),
        begin=app.transaction,
        apply=enqueue,
        telemetry=app.telemetry,
    )
    await consumer.register()
    async with app.transaction() as tx:
        await tx.append(NoteTaken("a"))
    await Head(app.pool, telemetry=Telemetry(), pace=timedelta(0)).step(connection)
    resets: list[object] = []
    reset = asyncpg.Connection.reset

    async def counted_reset(self, **options):
        resets.append(self)
        await reset(self, **options)

    monkeypatch.setattr(asyncpg.Connection, "reset", counted_reset)
    await consumer.run_once()
    assert await connection.fetchval("SELECT count(*) FROM headrace.job") == 1
    assert not resets
