"""Rates: tokens are spent at the claim, come in with time, and come back with what has not begun."""

from datetime import UTC, datetime, timedelta

import pytest

from headrace import Rate
from headrace.jobs import store

START = datetime(2031, 5, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


async def test_as_many_begin_as_there_are_tokens_and_more_as_they_come(limits):
    await limits.rule("gmail", None, Rate(2, per=SECOND, burst=3))
    await limits.put("gmail:1", 20, now=START)
    assert len(await limits.claim(now=START)) == 3
    assert len(await limits.claim(now=START)) == 0
    assert limits.met["keyed"][0]["rest"] == pytest.approx(0.5)
    assert len(await limits.claim(now=START + 0.4 * SECOND)) == 0
    assert len(await limits.claim(now=START + 0.5 * SECOND)) == 1
    assert len(await limits.claim(now=START + 60 * SECOND)) == 3


async def test_weights_are_taken_in_order_and_a_heavy_job_waits_without_being_overtaken(limits):
    await limits.rule("gmail", None, Rate(1, burst=10))
    await limits.put("gmail:1", 2, weight=4, now=START)
    (heavy,) = await limits.put("gmail:1", weight=7, now=START)
    await limits.put("gmail:1", 5, weight=1, now=START)
    assert len(await limits.claim(now=START)) == 2
    assert await limits.claim(now=START + SECOND) == []
    assert limits.met["keyed"][0]["rest"] == pytest.approx(4)
    assert [one.job_id for one in await limits.claim(now=START + 5 * SECOND)] == [heavy]


async def test_a_job_heavier_than_a_bucket_edited_smaller_goes_when_the_bucket_is_full(limits):
    await limits.rule("gmail", None, Rate(10))
    await limits.put("gmail:1", 2, weight=9, now=START)
    await limits.rule("gmail", None, Rate(1, burst=3))
    assert len(await limits.claim(now=START)) == 1
    assert await limits.claim(now=START + 2 * SECOND) == []
    assert len(await limits.claim(now=START + 3 * SECOND)) == 1


async def test_a_clock_that_runs_back_gives_no_tokens(limits):
    await limits.rule("gmail", None, Rate(1))
    await limits.put("gmail:1", 5, now=START - 60 * SECOND)
    assert len(await limits.claim(now=START)) == 1
    assert await limits.claim(now=START - 30 * SECOND) == []
    assert await limits.claim(now=START + 0.9 * SECOND) == []
    assert len(await limits.claim(now=START + SECOND)) == 1


async def test_a_queue_has_a_rate_of_its_own_and_each_job_takes_one(limits):
    await limits.rule("@default", None, Rate(1, burst=4))
    await limits.put("gmail:1", 3, weight=5, now=START)
    await limits.put(None, 3, now=START)
    assert len(await limits.claim(now=START)) == 4
    assert await limits.claim(now=START) == []
    assert limits.met["queues"][0]["rest"] == pytest.approx(1)
    assert len(await limits.claim(now=START + SECOND)) == 1


@pytest.mark.parametrize(("has_begun", "again"), [(True, 0), (False, 4)])
async def test_what_has_not_begun_gives_its_tokens_back(limits, has_begun, again):
    await limits.rule("gmail", None, Rate(1, per=timedelta(days=1), burst=8))
    await limits.rule("@default", None, Rate(1, per=timedelta(days=1), burst=4))
    await limits.put("gmail:1", 9, weight=2)
    claims = await limits.claim()
    assert len(claims) == 4
    await limits.release(claims, has_begun=has_begun)
    assert len(await limits.claim()) == again
    assert len(await limits.claim()) == 0


async def test_a_bucket_given_tokens_back_holds_no_more_than_it_can(limits):
    await limits.rule("gmail", None, Rate(10, per=timedelta(days=1), burst=2))
    await limits.put("gmail:1", 2, now=START)
    claims = await limits.claim(now=START)
    await limits.put("gmail:1", 8, now=START)
    await limits.release(claims, has_begun=False)
    assert len(await limits.claim(now=START + timedelta(days=30))) == 2


async def test_a_rescued_job_spends_again(limits):
    await limits.rule("gmail", None, Rate(1, per=timedelta(days=1), burst=3))
    await limits.put("gmail:1", 2)
    await limits.claim()
    await store.rescue_jobs(limits.connection, 1, limit=9, poison_after=10, lost_error="{}", poison_error="{}")
    assert len(await limits.claim()) == 1


async def test_a_rate_edited_live_holds_from_the_next_claim(limits):
    await limits.put("gmail:1", 30, now=START)
    assert len(await limits.claim(5, now=START)) == 5
    await limits.rule("gmail", None, Rate(2))
    assert len(await limits.claim(now=START)) == 2, "a bucket never limited before is full"
    await limits.rule("gmail", None, Rate(10))
    assert len(await limits.claim(now=START + 0.5 * SECOND)) == 5


async def test_a_bucket_fills_by_the_rate_to_the_brim_and_never_loses(connection):
    """`headrace.tokens_left` beside the same in Python, at a thousand drawn readings."""
    rows = await connection.fetch(
        """
        SELECT tokens, wait, per_second, burst,
               headrace.tokens_left(tokens, make_interval(secs => wait), per_second, burst) AS left
        FROM (
            SELECT random() * 1000 AS tokens, round((random() * 10 ^ (random() * 6))::numeric, 6)::float8 AS wait,
                   10 ^ (random() * 8 - 4) AS per_second, 1 + floor(random() * 1000) AS burst
            FROM generate_series(1, 1000)
        ) AS drawn
        """
    )
    for row in rows:
        expected = min(row["burst"], row["tokens"] + row["wait"] * row["per_second"])
        assert row["left"] == pytest.approx(expected, rel=1e-6), row


async def test_a_bucket_that_is_not_limited_has_no_count_and_a_new_one_is_full(connection):
    left = "SELECT headrace.tokens_left($1, '1 second', $2, $3)"
    assert await connection.fetchval(left, 3.0, None, None) is None
    assert await connection.fetchval(left, None, 1.0, 7.0) == 7
