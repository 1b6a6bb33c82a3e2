"""Slots: never more than there are, and every statement that takes a job from its worker gives its slots back."""

import asyncio
import re
from collections import Counter
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from fix_limits import LimitBench
from headrace import Rate
from headrace.jobs import store
from headrace.jobs.cancelling import cancel_jobs
from headrace.jobs.outcome import Again, Ended, Ending
from headrace.jobs.store import Settlement

SQL = Path(store.__file__).parent / "sql"
NOT_RUNNING = re.compile(r"(WHERE|AND) (run\.|wanted\.)?state (= '(held|waiting)'|<> 'processing')")
LEAVES_PROCESSING = re.compile(r"DELETE FROM headrace\.run|SET state = 'waiting'|SET\s+state\s*=\s*'held'")


async def test_a_key_gives_as_many_slots_as_it_has_and_more_when_they_come_back(limits):
    await limits.rule("gmail", 2)
    await limits.put("gmail:1", 5)
    first = await limits.claim()
    assert len(first) == 2
    assert await limits.claim() == []
    await limits.finish(first[:1])
    assert len(await limits.claim()) == 1
    assert await limits.held() == {"gmail:1": 2}


async def test_keys_have_slots_of_their_own_and_a_limit_without_a_key_has_one_count(limits):
    await limits.rule("gmail", 1)
    for key in ("gmail:1", "gmail:2", "gmail"):
        await limits.put(key, 3)
    assert Counter(key for _, key in await limits.claim_keys()) == {"gmail:1": 1, "gmail:2": 1, "gmail": 1}


async def test_jobs_of_a_key_share_its_slots_over_queues_and_priorities_the_urgent_ones_first(limits):
    await limits.rule("gmail", 2)
    await limits.put("gmail:1", 2, priority="low")
    (urgent,) = await limits.put("gmail:1", priority="critical")
    await limits.put("gmail:1", 2, queue="other")
    claims = await limits.claim_keys(queues=("default", "other"))
    assert len(claims) == 2
    assert urgent in {claim.job_id for claim, _ in claims}


async def test_a_key_without_a_rule_is_not_limited(limits):
    await limits.put("anything:1", 5)
    assert len(await limits.claim()) == 5
    assert await limits.held() == {"anything:1": 5}


async def test_a_queue_gives_as_many_slots_as_it_has_to_jobs_with_keys_and_without(limits):
    await limits.rule("@default", 3)
    await limits.put(None, 4)
    await limits.put("gmail:1", 4)
    claims = await limits.claim_keys()
    assert len(claims) == 3
    assert await limits.claim() == []
    await limits.finish([claim for claim, _ in claims])
    assert len(await limits.claim()) == 3
    assert (await limits.held())["@default"] == 3


async def test_a_claim_without_limits_leaves_a_limited_queue_and_jobs_with_keys_alone(limits):
    from headrace.jobs.cursor import ClaimCursor

    await limits.put("gmail:1", 2)
    (plain,) = await limits.put(None)
    ranges = ClaimCursor(["default"]).plan(10, is_sweep=True)

    async def claim() -> list[object]:
        rows = await store.claim_jobs(limits.connection, ranges, kinds=["any"], limit=10, worker_id=1)
        return [row["job_id"] for row in rows]

    await limits.rule("@default", 5)
    assert await claim() == []
    await limits.connection.execute("DELETE FROM headrace.limit_rule")
    assert await claim() == [plain]


async def test_a_key_that_another_claim_holds_is_passed_over(limits, database):
    await limits.rule("gmail", 5)
    await limits.put("gmail:1", 10)
    await limits.put("gmail:2", 10)
    await limits.finish(await limits.claim())
    other = await asyncpg.connect(database)
    try:
        transaction = other.transaction()
        await transaction.start()
        await other.execute("SELECT FROM headrace.limit_key WHERE key = 'gmail:1' FOR UPDATE")
        assert {key for _, key in await limits.claim_keys()} == {"gmail:2"}
        assert limits.met["keyed"][0]["is_busy"]
        await transaction.rollback()
        assert {key for _, key in await limits.claim_keys()} == {"gmail:1"}
    finally:
        other.terminate()


async def test_claimers_and_finishers_at_the_same_moment_never_exceed_a_limit(limits, database):
    """New keys and old ones, all met by all; every claim is checked against what was running then."""
    await limits.rule("gmail", 3)
    for number in range(5):
        await limits.put(f"gmail:{number}", 60)
    running: Counter[str] = Counter()
    most: Counter[str] = Counter()
    sessions = [await asyncpg.connect(database) for _ in range(6)]

    async def work(session: asyncpg.Connection, number: int) -> int:
        bench = LimitBench(session)
        done = 0
        while await session.fetchval("SELECT EXISTS (SELECT FROM headrace.run)"):
            # Counted after the claim has answered and before the end is recorded: never too many.
            claims = await bench.claim_keys(7, worker=number)
            for _, key in claims:
                running[key] += 1
                most[key] = max(most[key], running[key])
            await asyncio.sleep(0)
            for _, key in claims:
                running[key] -= 1
            await bench.finish([claim for claim, _ in claims])
            done += len(claims)
        return done

    try:
        done = await asyncio.gather(*(work(session, number) for number, session in enumerate(sessions, 1)))
    finally:
        for session in sessions:
            session.terminate()
    assert sum(done) == 300
    assert set(most) == {f"gmail:{number}" for number in range(5)}
    assert max(most.values()) <= 3
    assert await limits.held() == {}


async def _finish(limits: LimitBench, claims, state: Ending) -> None:
    error = None if state == "completed" else '{"type": "E", "message": "m"}'
    await store.finish_jobs(limits.connection, [Settlement(one, Ended(state, error), timedelta(0)) for one in claims])


async def _release(limits: LimitBench, claims, verdict: Again) -> None:
    await store.release_jobs(limits.connection, [Settlement(one, verdict, timedelta(0)) for one in claims])


async def _rescue(limits: LimitBench, poison_after: int) -> None:
    await store.rescue_jobs(
        limits.connection, 1, limit=100, poison_after=poison_after, lost_error="{}", poison_error="{}"
    )


ENDS = {
    "completed": ("finish_jobs", lambda limits, claims: _finish(limits, claims, "completed")),
    "failed": ("finish_jobs", lambda limits, claims: _finish(limits, claims, "failed")),
    "cancelled": ("finish_jobs", lambda limits, claims: _finish(limits, claims, "cancelled")),
    "dead": ("finish_jobs", lambda limits, claims: _finish(limits, claims, "dead")),
    "retried": ("release_jobs", lambda limits, claims: _release(limits, claims, Again(timedelta(0), "{}"))),
    "snoozed": ("release_jobs", lambda limits, claims: _release(limits, claims, Again(timedelta(1), counts=False))),
    "given back": ("release_jobs", lambda limits, claims: limits.release(claims, has_begun=False)),
    "unheard": ("release_unheard", lambda limits, _: store.release_unheard(limits.connection, 1, after=0, heard=[])),
    "rescued": ("rescue_jobs", lambda limits, _: _rescue(limits, 10)),
    "buried": ("rescue_jobs", lambda limits, _: _rescue(limits, 1)),
}


@pytest.mark.parametrize("how", ENDS)
async def test_slots_come_back_however_a_job_leaves_its_worker(limits, how):
    await limits.rule("gmail", 3, Rate(100))
    await limits.rule("@default", 5, Rate(100))
    await limits.put("gmail:1", 3)
    await limits.put("gmail:2", 1)
    await limits.put(None, 1)
    claims = await limits.claim()
    assert await limits.held() == {"gmail:1": 3, "gmail:2": 1, "@default": 5}
    await ENDS[how][1](limits, claims)
    assert await limits.connection.fetchval("SELECT count(*) FROM headrace.run WHERE state = 'processing'") == 0
    assert await limits.held() == {}
    # What comes late, and is stale, gives nothing back a second time.
    await _finish(limits, claims, "completed")
    assert await limits.held() == {}


def test_every_statement_that_may_take_a_job_from_its_worker_is_tried():
    giving_back = {file.stem for file in SQL.glob("*.sql") if "INTO headrace.limit_freed" in file.read_text()}
    assert giving_back == {statement for statement, _ in ENDS.values()}
    leaving = {
        file.stem
        for file in SQL.glob("*.sql")
        if LEAVES_PROCESSING.search(text := file.read_text()) and not NOT_RUNNING.search(text)
    }
    assert leaving == giving_back, "who changes or removes a running job gives its slots back"


async def test_a_cancelled_job_that_waits_gives_no_slot_back(limits):
    await limits.rule("gmail", 1)
    jobs = await limits.put("gmail:1", 3)
    claims = await limits.claim()
    await cancel_jobs(limits.connection, jobs, by="test", error="{}")
    assert await limits.held() == {"gmail:1": 1}
    await limits.finish(claims)
    assert await limits.held() == {}


async def test_a_lower_limit_holds_for_what_begins_and_a_higher_one_at_once(limits):
    await limits.rule("gmail", 3)
    await limits.put("gmail:1", 10)
    claims = await limits.claim()
    await limits.rule("gmail", 1)
    await limits.finish(claims[:2])
    assert await limits.claim() == []
    await limits.rule("gmail", 4)
    assert len(await limits.claim()) == 3


async def test_a_queue_limited_while_jobs_run_counts_those_that_begin_after(limits):
    """What was claimed before holds no slot of the queue, and gives none back."""
    await limits.put(None, 4)
    before = await limits.claim(2)
    await limits.rule("@default", 1)
    after = await limits.claim()
    assert len(after) == 1
    await limits.finish(before)
    assert await limits.held() == {"@default": 1}
    await limits.connection.execute("DELETE FROM headrace.limit_rule")
    await limits.finish(after)
    await limits.rule("@default", 1)
    assert await limits.held() == {}
    assert len(await limits.claim()) == 1


async def test_a_limit_of_none_stops_its_keys_and_lets_others_go(limits):
    await limits.rule("gmail", 0)
    await limits.put("gmail:1", 2)
    await limits.put("other:1", 2)
    assert {key for _, key in await limits.claim_keys()} == {"other:1"}
