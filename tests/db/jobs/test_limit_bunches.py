"""Claims take whole bunches, a key's or a range's at once, and cut them exactly where more is found than may go."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import accumulate

import pytest

from headrace import Priority, Rate

START = datetime(2031, 5, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


async def test_more_than_the_limit_is_cut_to_it_the_urgent_ones_first_and_key_by_key_in_turn(limits):
    for key in ("gmail:1", "gmail:2", "gmail:3"):
        await limits.put(key, 3, priority="high", now=START)
        await limits.put(key, 9, priority="low", now=START)
    claims = await limits.claim_keys(14, now=START)
    assert Counter(key for _, key in claims) == {"gmail:1": 5, "gmail:2": 5, "gmail:3": 4}
    urgent = await limits.connection.fetchval(
        "SELECT count(*) FROM headrace.run WHERE state = 'processing' AND priority = 1"
    )
    assert urgent == 9
    assert await limits.held() == Counter(key for _, key in claims)


async def test_keys_share_a_limit_that_does_not_divide_by_them_to_the_last_job(limits):
    for number in range(7):
        await limits.put(f"gmail:{number}", 10, now=START)
    claims = Counter(key for _, key in await limits.claim_keys(24, now=START))
    assert claims.total() == 24
    assert sorted(claims.values()) == [3, 3, 3, 3, 4, 4, 4]


@pytest.mark.parametrize(("slots", "expected"), [(100, 30), (6, 6)])
async def test_a_job_due_as_an_aged_one_and_in_its_turn_takes_one_slot_of_its_queue(limits, slots, expected):
    await limits.rule("@default", slots, Rate(slots, per=timedelta(days=1)))
    await limits.put(None, 20, now=START)
    await limits.put("gmail:1", 10, now=START)
    claims = await limits.claim(now=START + HOUR)
    assert len(claims) == expected
    assert (await limits.held())["@default"] == expected
    standing = await limits.connection.fetchrow(
        "SELECT * FROM headrace.limit_standing(ARRAY['@default'], $1)", START + HOUR
    )
    assert standing["tokens"] == pytest.approx(slots - expected)


async def test_a_limited_queue_is_cut_to_its_slots_over_all_its_ranges(limits):
    await limits.rule("@default", 5)
    for priority in ("critical", "high", "low"):
        await limits.put(None, 2, priority=priority, now=START)
        await limits.put("gmail:1", 2, priority=priority, now=START)
    await limits.put("gmail:1", 3, queue="other", now=START)
    claims = await limits.claim_keys(now=START, queues=("default", "other"))
    rows = await limits.connection.fetch(
        "SELECT priority, has_queue_slot, queue FROM headrace.run WHERE state = 'processing'"
    )
    assert {(row["queue"], row["has_queue_slot"]) for row in rows} == {("default", True), ("other", False)}
    assert Counter(row["priority"] for row in rows if row["queue"] == "default") == {0: 4, 1: 1}
    held = await limits.held()
    assert held == {"@default": 5, "gmail:1": sum(key == "gmail:1" for _, key in claims)}


@pytest.mark.parametrize("seed", range(8))
async def test_each_key_gives_what_its_slots_and_tokens_allow_of_all_priorities_and_is_charged_for_it(limits, seed):
    """Beside the same in Python, over several claims: some jobs end in between, and time passes."""
    draw = random.Random(seed)
    slots, burst = draw.choice([None, 4, 9]), draw.choice([None, 12, 25])
    await limits.rule("gmail", slots, None if burst is None else Rate(burst, per=HOUR, burst=burst))
    waiting: dict[str, list[tuple[Priority, object, int]]] = {}
    for number in range(60):
        key, priority, weight = f"gmail:{draw.randrange(3)}", draw.choice(list(Priority)), draw.randint(1, 6)
        due = START + timedelta(seconds=number)
        (job,) = await limits.put(key, weight=weight, priority=priority, now=due)
        waiting.setdefault(key, []).append((priority, (due, job), weight))
    for jobs in waiting.values():
        jobs.sort()
    held: Counter[str] = Counter()
    tokens = {key: None if burst is None else float(burst) for key in waiting}
    running: list[tuple[object, str]] = []
    for turn in range(5):
        # Before anything has aged; after it the buckets are full to the brim.
        now = START + timedelta(seconds=60)
        expected: set[object] = set()
        for key, jobs in waiting.items():
            left = tokens[key]
            # Where the first of a priority waits for tokens, so do all of that priority.
            firsts = {priority: weight for priority, _, weight in reversed(jobs)}
            free = [job for job in jobs if left is None or firsts[job[0]] <= left]
            free = free[: None if slots is None else slots - held[key]]
            taken = [
                job
                for job, spent in zip(free, accumulate(job[2] for job in free), strict=True)
                if left is None or spent <= left
            ]
            expected |= {job for _, (_, job), _ in taken}
            tokens[key] = None if left is None else left - sum(weight for _, _, weight in taken)
            held[key] += len(taken)
            waiting[key] = [job for job in jobs if job not in taken]
        claims = await limits.claim_keys(200, now=now)
        assert {claim.job_id for claim, _ in claims} == expected, f"in turn {turn}"
        running += claims
        draw.shuffle(running)
        ended, running = running[: len(running) // 2], running[len(running) // 2 :]
        await limits.finish([claim for claim, _ in ended])
        held -= Counter(key for _, key in ended)
        assert await limits.held() == held
        rows = await limits.connection.fetch(
            "SELECT key, tokens FROM headrace.limit_standing(ARRAY(SELECT key FROM headrace.limit_key), $1)", now
        )
        assert {row["key"]: row["tokens"] for row in rows} == tokens
