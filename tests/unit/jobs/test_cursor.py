from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace import Priority
from headrace.jobs.cursor import Ageing, ClaimCursor, columns
from headrace.jobs.doubt import Doubt

NOON = datetime(2031, 5, 1, 12, tzinfo=UTC)
names = st.lists(st.sampled_from("abcdefghij"), min_size=1, max_size=10, unique=True)


def test_a_first_claim_begins_at_the_beginning_and_goes_by_priority():
    plan = ClaimCursor(["q"], ageing=None).plan(10, is_sweep=False)
    assert [one.priority for one in plan] == list(Priority)
    assert {one.after[1] for one in plan} == {UUID(int=0)}
    assert {one.limit for one in plan} == {10}


def test_the_next_claim_begins_after_the_last_place_of_each_range():
    cursor = ClaimCursor(["q"], ageing=None)
    cursor.advance([("q", 1, NOON, UUID(int=7)), ("q", 1, NOON, UUID(int=3))])
    after = {one.priority: one.after for one in cursor.plan(10, is_sweep=False)}
    assert after[Priority.HIGH] == (NOON, UUID(int=7))
    assert after[Priority.LOW][1] == UUID(int=0)


def test_a_place_moves_back_after_a_full_sweep_only():
    """Then more may be behind where it stood; after a short one nothing is."""
    cursor = ClaimCursor(["q"], ageing=None)
    cursor.advance([("q", 1, NOON, UUID(int=7)), ("q", 2, NOON, UUID(int=7))])
    earlier = NOON - timedelta(days=1)
    cursor.advance([("q", 1, earlier, UUID(int=9))])
    assert cursor.plan(10, is_sweep=False)[1].after == (NOON, UUID(int=7))
    cursor.advance([("q", 1, earlier, UUID(int=9)), ("q", 1, earlier, UUID(int=8))], goes_back=True)
    plan = cursor.plan(10, is_sweep=False)
    assert plan[1].after == (earlier, UUID(int=9))
    assert plan[2].after == (NOON, UUID(int=7)), "nothing was swept of this one"


def test_a_sweep_begins_at_the_beginning_and_forgets_no_place():
    cursor = ClaimCursor(["q"], ageing=None)
    cursor.advance([("q", 1, NOON, UUID(int=7))])
    assert cursor.plan(10, is_sweep=True)[1].after[1] == UUID(int=0)
    assert cursor.plan(10, is_sweep=False)[1].after == (NOON, UUID(int=7))


def test_queues_take_turns_at_being_first():
    cursor = ClaimCursor(["a", "b", "c"], ageing=None)
    assert {cursor.plan(10, is_sweep=False)[0].queue for _ in range(3)} == {"a", "b", "c"}


@given(queues=names, limit=st.integers(1, 1_000), turns=st.integers(1, 30))
def test_aged_jobs_get_an_eighth_of_a_claim_at_most_or_one_in_eight_claims(queues, limit, turns):
    cursor = ClaimCursor(queues, ageing=Ageing())
    for turn in range(1, turns + 1):
        aged = [one for one in cursor.plan(limit, is_sweep=False) if one.age > timedelta(0)]
        taken = sum(one.limit for one in aged)
        assert taken <= limit // 8 or (taken == 1 and turn % 8 == 0)
        assert Priority.CRITICAL not in {one.priority for one in aged}


@settings(max_examples=25)
@given(queues=names, limit=st.integers(1, 1_000))
def test_every_aged_range_gets_its_turn(queues, limit):
    cursor = ClaimCursor(queues, ageing=Ageing())
    seen = {
        (one.queue, one.priority)
        for _ in range(8 * 3 * len(queues))
        for one in cursor.plan(limit, is_sweep=False)
        if one.age > timedelta(0)
    }
    assert len(seen) == 3 * len(queues)


def test_the_lower_a_priority_the_older_its_jobs_must_be():
    cursor = ClaimCursor(["q"], ageing=Ageing(after=timedelta(seconds=30)))
    ages = {one.priority: one.age for one in cursor.plan(100, is_sweep=False) if one.age}
    assert ages == {
        Priority.HIGH: timedelta(seconds=30),
        Priority.NORMAL: timedelta(seconds=60),
        Priority.LOW: timedelta(seconds=90),
    }


@given(st.floats(0, 10), st.booleans())
def test_sweeps_take_a_twentieth_of_the_time_at_most(duration, is_short):
    cursor = ClaimCursor(["q"])
    cursor.swept(started=100, ended=100 + duration)
    rest = cursor.until_sweep(now=100 + duration, is_short=is_short)
    assert rest == pytest.approx(max(20 * duration, 0.02 if is_short else 1.0))
    assert cursor.until_sweep(now=100 + duration + rest + 0.001, is_short=is_short) == 0


def test_a_cheap_sweep_follows_a_short_claim_soon_and_comes_every_second_anyway():
    cursor = ClaimCursor(["q"])
    assert cursor.until_sweep(now=0, is_short=False) == 0
    cursor.swept(started=0, ended=0.0001)
    assert cursor.until_sweep(now=0.01, is_short=True) > 0
    assert cursor.until_sweep(now=0.03, is_short=True) == 0
    assert cursor.until_sweep(now=0.9, is_short=False) > 0
    assert cursor.until_sweep(now=1.1, is_short=False) == 0


def test_claims_begin_anew_where_sweeps_are_cheap_whatever_one_of_them_took():
    cursor = ClaimCursor(["q"])
    assert cursor.begins_anew(now=0)
    cursor.swept(started=0, ended=0.001)
    cursor.swept(started=1, ended=1.5)
    assert cursor.begins_anew(now=1.5)


def test_claims_begin_anew_a_twentieth_of_the_time_where_every_sweep_is_dear():
    cursor = ClaimCursor(["q"])
    for number in range(5):
        cursor.swept(started=10 * number, ended=10 * number + 0.1)
    assert not cursor.begins_anew(now=42)
    assert cursor.begins_anew(now=42.11)


@pytest.mark.parametrize(("claimed", "is_short"), [(100, False), (88, False), (87, True), (0, True)])
def test_a_claim_is_short_when_more_than_the_aged_are_missing(claimed, is_short):
    assert ClaimCursor(["q"]).is_short(claimed, limit=100) is is_short


# Doubt


def test_there_is_no_doubt_before_a_claim_fails():
    doubt = Doubt()
    doubt.hear(5)
    assert not doubt.wants_look(0)
    assert doubt.heard == set()


def test_a_failed_claim_is_looked_for_once_a_second_for_a_minute():
    doubt = Doubt()
    doubt.hear(5)
    doubt.begin(100)
    assert doubt.after == 5
    looks = [now for now in range(1000, 1800) if doubt.wants_look(now / 10)]
    assert looks == list(range(1000, 1600, 10))


def test_leases_heard_in_doubt_are_remembered_until_it_ends():
    doubt = Doubt()
    doubt.begin(0)
    doubt.hear(7)
    doubt.hear(8)
    assert doubt.heard == {7, 8}
    assert not doubt.wants_look(61)
    assert doubt.heard == set()


def test_a_second_failure_prolongs_the_doubt_and_keeps_where_it_began():
    doubt = Doubt()
    doubt.hear(5)
    doubt.begin(0)
    doubt.hear(8)
    doubt.begin(50)
    assert (doubt.after, doubt.heard) == (5, {8})
    assert doubt.wants_look(100)


def test_ranges_are_sent_without_what_is_usual_at_their_end_and_filled_up_are_the_same():
    cursor = ClaimCursor(["a", "b"])
    cursor.advance([("b", 0, NOON, UUID(int=7))])
    plan = cursor.plan(16, is_sweep=False)
    queues, priorities, moments, job_ids, ages, limits = columns(plan, limit=16)
    assert len(queues) == len(priorities) == len(plan)
    assert len(moments) == len(job_ids) < len(plan)
    assert len(ages) == len(limits) == len([one for one in plan if one.age])
    start = ClaimCursor(["a"]).plan(1, is_sweep=True)[0].after

    def filled(sent, usual):
        return [*sent, *[usual] * (len(plan) - len(sent))]

    assert filled(list(zip(moments, job_ids, strict=True)), start) == [one.after for one in plan]
    assert filled(ages, timedelta(0)) == [one.age for one in plan]
    assert filled(limits, 16) == [one.limit for one in plan]
    assert columns(cursor.plan(4, is_sweep=True), limit=4)[2:] == ([], [], [], [])
