import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace_crm.scores import Direction, Interaction, score

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ages = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=365 * 25))
directions = st.sampled_from(["sent", "received"])
messages = st.builds(
    lambda age, direction, thread: Interaction(NOW - age, direction, thread),
    ages,
    directions,
    st.sampled_from(["a", "b", "c"]),
)
histories = st.lists(messages, max_size=40)


def message(*, days: float, direction: Direction = "received", thread: str = "a") -> Interaction:
    return Interaction(sent_at=NOW - timedelta(days=days), direction=direction, thread_id=thread)


@given(histories, messages)
def test_one_more_message_of_any_age_and_direction_makes_a_relationship_stronger(history, extra):
    assert score([*history, extra], now=NOW).strength > score(history, now=NOW).strength


@given(histories, messages, st.floats(min_value=0, max_value=1))
def test_the_same_message_sent_later_never_weakens_a_relationship(history, moved, share):
    later = Interaction(moved.sent_at + share * (NOW - moved.sent_at), moved.direction, moved.thread_id)
    assert score([*history, later], now=NOW).strength >= score([*history, moved], now=NOW).strength


@given(st.integers(min_value=1, max_value=60), ages, st.data())
def test_more_balance_at_the_same_moments_makes_a_relationship_stronger(count, age, data):
    moment = NOW - age

    def exchange(sent):
        return score([Interaction(moment, "sent" if n < sent else "received", "a") for n in range(count)], now=NOW)

    less = data.draw(st.integers(min_value=0, max_value=count // 2))
    more = data.draw(st.integers(min_value=less, max_value=count // 2))
    assert exchange(more).strength >= exchange(less).strength
    assert (exchange(more).strength > exchange(less).strength) == (more > less)
    assert exchange(less).strength == exchange(count - less).strength


@given(histories, st.lists(ages, min_size=2, max_size=2))
def test_strength_never_rises_while_nothing_happens(history, waits):
    sooner, later = sorted(waits)
    assert score(history, now=NOW + later).strength <= score(history, now=NOW + sooner).strength


@given(histories, st.randoms(use_true_random=False))
def test_the_order_in_which_messages_are_given_changes_nothing(history, source):
    shuffled = source.sample(history, len(history))
    assert score(shuffled, now=NOW) == score(history, now=NOW)


@given(histories, ages)
def test_messages_after_now_are_not_seen(history, back):
    then = NOW - back
    assert score(history, now=then) == score([each for each in history if each.sent_at <= then], now=then)


@given(histories)
def test_every_value_stays_in_its_range(history):
    result = score(history, now=NOW)
    assert 0.0 <= result.strength < 100.0
    assert (result.strength == 0.0) == (not history)
    assert 0.0 <= result.reciprocity <= 1.0
    assert -1.0 < result.trend_value < 1.0
    assert result.sent + result.received == len(history)


@given(st.lists(st.integers(min_value=1, max_value=300), min_size=2, max_size=6, unique=True))
def test_an_archive_that_ended_twenty_years_ago_keeps_its_people_in_order(counts):
    def person(count):
        return [message(days=7305 + n, direction=("sent", "received")[n % 2]) for n in range(count)]

    by_count = [score(person(count), now=NOW).strength for count in sorted(counts)]
    assert by_count == sorted(set(by_count))


def test_one_message_twenty_years_old_is_still_visible_at_one_decimal():
    assert round(score([message(days=7305)], now=NOW).strength, 1) > 0.0


def test_people_of_an_old_archive_differ_at_one_decimal():
    def person(count):
        return [message(days=7305 + n, direction=("sent", "received")[n % 2]) for n in range(count)]

    rounded = [round(score(person(count), now=NOW).strength, 1) for count in (1, 2, 4, 8, 16, 32, 64)]
    assert rounded == sorted(set(rounded))


def test_hundred_unanswered_messages_are_weaker_than_a_mutual_exchange_of_fifty():
    one_sided = [message(days=n) for n in range(100)]
    mutual = [message(days=2 * n, direction=("sent", "received")[n % 2]) for n in range(50)]
    assert score(one_sided, now=NOW).strength < score(mutual, now=NOW).strength


def test_no_messages_give_a_dormant_zero():
    result = score([], now=NOW)
    assert (result.strength, result.trend, result.trend_value, result.reciprocity) == (
        0.0,
        "dormant",
        0.0,
        0.0,
    )
    assert (result.last_interaction_at, result.median_response, result.their_median_response) == (None,) * 3
    assert (result.sent, result.received, result.computed_at) == (0, 0, NOW)


def test_reciprocity_is_the_lighter_side_over_the_heavier():
    same_day = [message(days=5, direction="sent")] * 2 + [message(days=5)] * 8
    assert score(same_day, now=NOW).reciprocity == pytest.approx(0.25)
    assert score(same_day[:2], now=NOW).reciprocity == 0.0


def test_a_naive_moment_is_refused_with_the_value_in_hand():
    with pytest.raises(ValueError, match=r"now must be aware, got .*2026"):
        score([], now=datetime(2026, 1, 1))  # noqa: DTZ001 - the mistake under test
    with pytest.raises(ValueError, match=r"sent_at must be aware, got .*2026"):
        Interaction(datetime(2026, 1, 1), "sent", "a")  # noqa: DTZ001 - the mistake under test


def test_moments_of_any_zone_are_reported_in_utc():
    from datetime import timezone

    local = datetime(2026, 2, 1, 9, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    result = score([Interaction(local, "sent", "a")], now=NOW.astimezone(local.tzinfo))
    assert result.last_interaction_at == local
    assert result.last_interaction_at.tzinfo is UTC
    assert result.computed_at.tzinfo is UTC


def test_the_work_grows_with_the_messages_and_not_with_their_square():
    """Counts comparisons and not seconds, so that a busy machine cannot fail it."""
    looks = 0

    class Watched(datetime):
        def __le__(self, other):
            nonlocal looks
            looks += 1
            return super().__le__(other)

        def __lt__(self, other):
            nonlocal looks
            looks += 1
            return super().__lt__(other)

    def cost(count):
        nonlocal looks
        looks = 0
        source = random.Random(count)
        history = [
            Interaction(
                Watched.fromtimestamp(NOW.timestamp() - 60 * (count - n), UTC),
                "sent" if source.random() < 0.5 else "received",
                str(n % 7),
            )
            for n in range(count)
        ]
        score(history, now=NOW)
        return looks

    small, large = cost(500), cost(5_000)
    assert 0 < large <= 11 * small


@given(st.lists(ages, min_size=1, max_size=40), ages)
def test_the_first_answer_makes_a_relationship_mutual(sent, answered):
    history = [Interaction(NOW - age, "sent", "a") for age in sent]
    assert score(history, now=NOW).reciprocity == 0.0
    answer = Interaction(NOW - answered, "received", "a")
    assert score([*history, answer], now=NOW).reciprocity > 0.0
