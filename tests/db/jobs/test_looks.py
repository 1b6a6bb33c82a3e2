"""How often a worker looks for jobs: once for what has come, not again for nothing, and nothing is missed."""

import asyncio
import time
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from headrace import Limit
from headrace.jobs.cursor import ClaimCursor
from headrace.jobs.fetcher import Fetcher
from headrace.jobs.key_cursor import KeyCursor
from headrace.jobs.limit import Rule
from headrace.jobs.limit_rules import set_rule
from headrace.jobs.limited_claims import LIMITED_SESSION, claim_limited_jobs
from headrace.jobs.outlook import next_due
from headrace.service import AGAIN

POLL = timedelta(seconds=30)


class Cheap(ClaimCursor):
    """Sweeps cost nothing, however slow this machine is."""

    def swept(self, *, started: float, ended: float) -> None:
        super().swept(started=ended, ended=ended)


class Dear(ClaimCursor):
    """Sweeps cost much, as they do where a snapshot that is held keeps dead index entries."""

    def begins_anew(self, *, now: float) -> bool:
        return self.until_sweep(now=now, is_short=True) <= 0


class Looker(Fetcher):
    """A fetcher that is turned by hand, counts what it asks the database for, and how often it is woken."""

    def __init__(self, app: Any, cursor: ClaimCursor) -> None:
        super().__init__(
            app.pool,
            cursor=cursor,
            kinds=[kind.name for kind in app.kinds.handled()],
            clock=app.clock,
            telemetry=app.telemetry,
            poll=POLL,
            most=100,
            app_name=app.name,
            rules=app.kinds.rules(),
            limited=["default"],
        )
        self.worker_id = 1
        self.claims: list[int] = []
        self.wake_count = 0

    def wake(self) -> None:
        self.wake_count = getattr(self, "wake_count", 0) + 1

    async def _take(self, *args: Any, **options: Any) -> Any:
        claimed = await super()._take(*args, **options)
        self.claims.append(len(claimed.rows))
        return claimed


@pytest.fixture
async def looker(app):
    @app.job("any")
    async def any_() -> None: ...

    @app.job("one-by-one", limit=Limit("one", key="{box}", concurrency=1))
    async def one_by_one(args: dict[str, Any]) -> None: ...

    @app.job("in-turn", limit=Limit("turn", key="{box}"))
    async def in_turn(args: dict[str, Any]) -> None: ...

    one = Looker(app, Cheap(["default"]))
    runners = [asyncio.create_task(one.buffer.take()) for _ in range(10)]
    await asyncio.sleep(0)
    yield one
    for runner in runners:
        runner.cancel()
    await one.on_stop()


async def test_a_look_that_got_less_than_it_asked_for_is_the_last_one(app, looker):
    await app.enqueue_many("any", [None] * 3)
    assert await looker.run_once() != AGAIN
    assert looker.claims == [3]


async def test_a_runner_that_becomes_idle_wakes_nobody_after_such_a_look(app, looker):
    await app.enqueue("any")
    await looker.run_once()
    woken = looker.wake_count
    idle = asyncio.create_task(looker.buffer.take())
    await asyncio.sleep(0)
    assert looker.wake_count == woken
    idle.cancel()


async def test_a_runner_that_becomes_idle_wakes_who_may_have_left_something(app, looker):
    await app.enqueue_many("any", [None] * 30)
    assert await looker.run_once() == AGAIN
    await asyncio.sleep(0)
    woken = looker.wake_count
    idle = asyncio.create_task(looker.buffer.take())
    await asyncio.sleep(0)
    assert looker.wake_count > woken
    idle.cancel()


async def test_one_look_finds_what_was_committed_late_behind_the_others(app, database, looker):
    late = await asyncpg.connect(database)
    try:
        transaction = late.transaction()
        await transaction.start()
        await app.enqueue("any", connection=late)
        await app.enqueue("any")
        await looker.run_once()
        await transaction.commit()
        await app.enqueue("any")
        await looker.run_once()
    finally:
        late.terminate()
    assert looker.claims == [1, 2]


async def test_where_sweeps_are_dear_a_look_goes_on_from_the_cursor_and_a_sweep_follows_in_time(app, looker):
    looker._cursor = cursor = Dear(["default"])
    cursor.swept(started=time.monotonic() - 100, ended=time.monotonic())
    await app.enqueue("any")
    rest = await looker.run_once()
    assert looker.claims == [1]
    assert rest is not None
    assert rest > AGAIN
    cursor.swept(started=-1, ended=0)
    await looker.run_once()
    assert looker.claims == [1, 0]
    assert cursor.until_sweep(now=time.monotonic(), is_short=True) > 0, "it was one from the beginning"


async def test_after_the_last_slot_of_a_limit_one_look_more_tells_what_it_holds_back(app, looker):
    await app.enqueue_many("one-by-one", [{"box": "a"}, {"box": "a"}])
    for _ in range(2):
        while await looker.run_once() == AGAIN:
            pass
    assert [count for count in looker.claims if count] == [1]
    assert looker.is_blocked


async def test_a_key_that_limits_nothing_asks_for_no_look_more(app, looker):
    await app.enqueue("in-turn", {"box": "a"})
    while await looker.run_once() == AGAIN:
        pass
    looker.claims.clear()
    await app.enqueue_many("in-turn", [{"box": "a"}, {"box": "b"}])
    assert await looker.run_once() != AGAIN
    assert looker.claims == [2]


@pytest.mark.parametrize("has_limit", [True, False])
async def test_a_claim_tells_what_an_idle_worker_looks_at(app, connection, looker, has_limit):
    if has_limit:
        await set_rule(connection, Rule("@default", 5, None), by="test")
        await app.enqueue("in-turn", {"box": "a"}, delay=timedelta(hours=1))
    await app.enqueue("any", delay=timedelta(minutes=1))
    queues = ["default"]
    _, met = await _claim(connection, queues)
    expected = await next_due(connection, queues)
    told = met["outlook"]
    assert told["rest"] == pytest.approx(60, abs=5) == expected.rest.total_seconds()
    assert frozenset((queue, priority) for queue, priority in told["keyed"] or ()) == expected.keyed
    assert frozenset(told["limited"] or ()) == expected.limited == ({"default"} if has_limit else frozenset())


async def test_a_full_queue_holds_nothing_back_while_nothing_waits_in_it(app, connection, looker):
    await set_rule(connection, Rule("@default", 1, None), by="test")
    await app.enqueue("any")
    _, met = await _claim(connection, ["default"])
    assert met["spends"]
    for waiting, is_blocked in ((False, False), (True, True)):
        if waiting:
            await app.enqueue("any")
        rows, met = await _claim(connection, ["default"])
        assert not rows
        assert met["queues"][0]["is_blocked"] is is_blocked


async def test_a_delayed_job_is_looked_for_when_it_is_due_though_nobody_wakes(app, looker):
    await app.enqueue("any", delay=timedelta(seconds=5))
    rest = await looker.run_once()
    assert rest is not None
    assert timedelta(seconds=3) < rest <= timedelta(seconds=5)


async def _claim(connection: asyncpg.Connection, queues: list[str]) -> Any:
    for name, value in LIMITED_SESSION.items():
        await connection.execute(f"SET {name} = {value}")
    ranges = ClaimCursor(queues).plan(10, is_sweep=True)
    plan = KeyCursor(queues).plan(ranges, 10, now=0.0)
    kinds = ["any", "in-turn", "one-by-one"]
    return await claim_limited_jobs(connection, ranges, plan, kinds=kinds, limit=10, worker_id=1, tells_outlook=True)
