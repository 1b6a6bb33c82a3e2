from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from headrace_crm.scores import Interaction, score

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
START = datetime(2026, 1, 5, 8, tzinfo=UTC)


def thread(*turns, name="a"):
    return [Interaction(START + timedelta(hours=hours), direction, name) for hours, direction in turns]


def test_each_side_is_timed_by_its_own_answers():
    result = score(thread((0, "received"), (2, "sent"), (12, "received"), (16, "sent")), now=NOW)
    assert result.median_response == timedelta(hours=3)
    assert result.their_median_response == timedelta(hours=10)


def test_who_had_to_write_twice_has_waited_since_the_first_message():
    assert score(thread((0, "received"), (24, "received"), (30, "sent")), now=NOW).median_response == timedelta(
        hours=30
    )


def test_two_messages_in_a_row_are_one_answer():
    assert score(thread((0, "received"), (4, "sent"), (400, "sent")), now=NOW).median_response == timedelta(hours=4)


def test_a_message_in_another_thread_is_no_answer():
    apart = thread((0, "received"), name="a") + thread((1, "sent"), name=UUID(int=1))
    assert score(apart, now=NOW).median_response is None


def test_an_unanswered_thread_does_not_change_the_median():
    answered = thread((0, "received"), (4, "sent"))
    waiting = thread((0, "received"), name="b")
    assert score(answered + waiting, now=NOW).median_response == timedelta(hours=4)


def test_an_answer_after_now_has_not_come_yet():
    talk = thread((0, "received"), (4, "sent"))
    assert score(talk, now=START + timedelta(hours=3)).median_response is None


@given(st.lists(st.tuples(st.integers(0, 1_000), st.sampled_from(["sent", "received"]), st.sampled_from("ab"))))
def test_response_times_lie_between_zero_and_the_span_of_the_talk(drawn):
    talk = [Interaction(START + timedelta(hours=hours), direction, name) for hours, direction, name in drawn]
    result = score(talk, now=NOW)
    for took in (result.median_response, result.their_median_response):
        if took is not None:
            hours = [each.sent_at for each in talk]
            assert timedelta(0) <= took <= max(hours) - min(hours)


@given(st.lists(st.tuples(st.integers(0, 1_000), st.sampled_from(["sent", "received"]), st.sampled_from("ab"))))
def test_swapping_the_sides_swaps_the_response_times(drawn):
    unique = {(hours, name): direction for hours, direction, name in drawn}
    other = {"sent": "received", "received": "sent"}
    talk = [Interaction(START + timedelta(hours=h), d, n) for (h, n), d in unique.items()]
    mirror = [Interaction(START + timedelta(hours=h), other[d], n) for (h, n), d in unique.items()]
    ours, theirs = score(talk, now=NOW), score(mirror, now=NOW)
    assert (ours.median_response, ours.their_median_response) == (
        theirs.their_median_response,
        theirs.median_response,
    )
