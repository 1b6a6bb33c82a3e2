"""Four real worker processes, killed now and then: no limit is ever exceeded, and nothing of one is lost."""

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import asyncpg
import pytest

from fix_apps import eventually, registered
from headrace import Rate
from headrace.jobs.limit import Rule
from headrace.jobs.limit_rules import set_rule

pytestmark = pytest.mark.timeout(90)

CONCURRENCY, IN_QUEUE = 2, 5
RATE = Rate(80, burst=6)
WORKERS = 4

# What claims take, told by the database itself: a trigger of this test alone.
LOG_CLAIMS = """
    CREATE TABLE public.claim (key text, weight int, at timestamptz);
    CREATE FUNCTION public.log_claim() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO public.claim VALUES (new.limit_key, new.weight, new.claimed_at);
        RETURN NULL;
    END $$;
    CREATE TRIGGER log_claim AFTER UPDATE ON headrace.run FOR EACH ROW
    WHEN (new.state = 'processing' AND old.state <> 'processing') EXECUTE FUNCTION public.log_claim()
"""
STANDING = """
    SELECT key, taken - coalesce((SELECT sum(slots) FROM headrace.limit_freed WHERE key = limit_key.key), 0) AS held
    FROM headrace.limit_key
"""
HOLDERS = """
    SELECT job.limit_key, count(*) AS holders FROM public.note AS began JOIN headrace.job ON job.id = began.job_id
    WHERE began.what = 'began' AND began.pid = ANY ($1)
      AND NOT EXISTS (SELECT FROM public.note AS ended WHERE ended.what = 'ended'
                      AND ended.job_id = began.job_id AND ended.pid = began.pid)
    GROUP BY 1
"""


class Fleet:
    """Four workers; who is killed is replaced."""

    def __init__(self, database, start_worker, connection: asyncpg.Connection) -> None:
        self._start = lambda: start_worker(database, "--concurrency", "10")
        self._connection = connection
        self.workers = [self._start() for _ in range(WORKERS)]
        self.killed_at: dict[int, datetime] = {}

    def pids(self) -> list[int]:
        return [worker.pid for worker in self.workers]

    async def kill_one(self) -> None:
        """Kills one that holds a slot with kill -9."""

        async def holding() -> asyncpg.Record | None:
            return await self._connection.fetchrow(
                "SELECT pid FROM headrace.worker WHERE pid = ANY ($1) AND id IN "
                "(SELECT worker_id FROM headrace.run WHERE state = 'processing') ORDER BY random() LIMIT 1",
                self.pids(),
            )

        pid = (await eventually(holding, 20))["pid"]
        worker = next(one for one in self.workers if one.pid == pid)
        self.workers.remove(worker)
        self.killed_at[pid] = await self._connection.fetchval("SELECT clock_timestamp()")
        worker.kill()
        self.workers.append(self._start())


@asynccontextmanager
async def watched(database: str, fleet: Fleet):
    """Counts, again and again, who holds what at this moment; the most that was seen of each key."""
    most: Counter[str] = Counter()
    session = await asyncpg.connect(database)

    async def look() -> None:
        while True:
            for row in await session.fetch(HOLDERS, fleet.pids()):
                most[row["limit_key"]] = max(most[row["limit_key"]], row["holders"])

    looking = asyncio.create_task(look())
    try:
        yield most
        assert not looking.done(), looking.exception()
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        session.terminate()


async def overlaps(connection: asyncpg.Connection, killed_at: dict[int, datetime]) -> Counter[str]:
    """The most jobs of each key, and of all, that ran at one moment, by what their handlers noted."""
    rows = await connection.fetch(
        "SELECT note.job_id, pid, what, at, limit_key FROM public.note JOIN headrace.job ON job.id = note.job_id"
    )
    ended = {(row["job_id"], row["pid"]): row["at"] for row in rows if row["what"] == "ended"}
    moments: list[tuple[datetime, int, str]] = []
    for row in rows:
        if row["what"] == "began":
            until = ended.get((row["job_id"], row["pid"])) or killed_at[row["pid"]]
            if until > row["at"]:
                moments += [(row["at"], 1, row["limit_key"]), (until, -1, row["limit_key"])]
    running: Counter[str] = Counter()
    most: Counter[str] = Counter()
    for _, step, key in sorted(moments):
        for counted in (key, "all"):
            running[counted] += step
            most[counted] = max(most[counted], running[counted])
    return most


async def overspent(connection: asyncpg.Connection) -> float:
    """By how many tokens any window of the log of claims exceeds what a bucket gives; negative where none does."""
    rows = await connection.fetch("SELECT key, weight, at FROM public.claim ORDER BY at")
    worst = -float(RATE.burst)
    tokens: dict[str, float] = {}
    since: dict[str, datetime] = {}
    for row in rows:
        key, at = row["key"], row["at"]
        passed = (at - since.get(key, at)) / RATE.per
        tokens[key] = min(tokens.get(key, RATE.burst) + passed * RATE.count, RATE.burst) - row["weight"]
        since[key] = at
        worst = max(worst, -tokens[key])
    return worst


async def _hold(database, ledger, start_worker, *, jobs: int, kills: int, seconds: float) -> None:
    connection = ledger.connection
    await connection.execute(LOG_CLAIMS)
    await set_rule(connection, Rule("share", CONCURRENCY, RATE), by="test")
    await set_rule(connection, Rule("@default", IN_QUEUE), by="test")
    fleet = Fleet(database, start_worker, connection)
    await registered(connection, WORKERS, 30)
    async with watched(database, fleet) as most:
        for number in range(4):
            await ledger.give("rest", jobs, seconds=seconds, limit_key=f"share:{number}", weight=1 + number % 3)
        for kill in range(kills):
            await eventually(lambda kill=kill: _ended_over(ledger, 4 * jobs * (kill + 1) // (kills + 2)), 60)
            await fleet.kill_one()
        await eventually(lambda: ledger.is_over(4 * jobs), 60)
    assert max(most.values()) <= CONCURRENCY
    found = await overlaps(connection, fleet.killed_at)
    assert {key: count for key, count in found.items() if key != "all"} == {
        f"share:{number}": CONCURRENCY for number in range(4)
    }, "each key was at its limit, and never above"
    assert found["all"] == IN_QUEUE
    assert await overspent(connection) < 1e-6
    assert await ledger.value("SELECT count(*) FROM headrace.failure") >= kills, "those killed held jobs"
    held = {row["key"]: row["held"] for row in await connection.fetch(STANDING)}
    assert held == {"@default": 0, **{f"share:{number}": 0 for number in range(4)}}


async def test_no_limit_is_exceeded_or_lost_by_four_workers_of_which_two_are_killed(database, ledger, start_worker):
    await _hold(database, ledger, start_worker, jobs=25, kills=2, seconds=0.05)


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_no_limit_is_exceeded_or_lost_by_four_workers_that_are_killed_twelve_times(
    database, ledger, start_worker
):
    await _hold(database, ledger, start_worker, jobs=250, kills=12, seconds=0.03)


async def test_tokens_come_at_the_rate_and_not_later(database, ledger, start_worker):
    """Eighty a second: what is over by then was neither held back nor let through early."""
    await ledger.connection.execute(LOG_CLAIMS)
    await set_rule(ledger.connection, Rule("share", None, RATE), by="test")
    await ledger.give("count", 166, limit_key="share:1")
    for _ in range(2):
        start_worker(database)
    await eventually(lambda: ledger.is_over(166), 30)
    assert await overspent(ledger.connection) < 1e-6
    took = await ledger.value("SELECT max(at) - min(at) FROM public.claim")
    least = timedelta(seconds=(166 - RATE.burst) / RATE.count)
    assert least - timedelta(milliseconds=1) <= took < least * 1.5


async def _ended_over(ledger, bound: int) -> bool:
    return await ledger.value("SELECT count(*) FROM headrace.outcome") > bound
