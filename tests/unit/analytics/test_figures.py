from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from headrace_crm.analytics.figures import Letter, Volume, figures

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday


def letter(hours_ago, direction, *, thread=1, number=None):
    sent_at = NOW - timedelta(hours=hours_ago)
    return Letter(thread, number or round(hours_ago * 1000), direction, sent_at, f"thread {thread}", ("Bo",))


def test_volumes_count_thirty_and_ninety_days():
    found = figures([letter(1, "sent"), letter(24 * 40, "sent"), letter(2, "received")], now=NOW)
    assert found.volumes == (Volume(30, 1, 1), Volume(90, 2, 1))


def test_what_is_later_or_older_is_not_seen():
    found = figures([letter(-1, "sent"), letter(24 * 91, "received")], now=NOW)
    assert found.volumes == (Volume(30, 0, 0), Volume(90, 0, 0))
    assert sum(found.hours) == sum(found.weekdays) == found.owed_count == 0


def test_hours_and_weekdays_are_those_of_the_messages():
    found = figures([letter(3, "sent"), letter(3 + 24, "received", thread=2)], now=NOW)
    assert {hour: count for hour, count in enumerate(found.hours) if count} == {9: 2}
    assert found.weekdays == (1, 0, 0, 0, 0, 0, 1)


def test_each_side_is_timed_by_its_answers():
    found = figures([letter(9, "received"), letter(7, "sent"), letter(3, "received")], now=NOW)
    assert (found.response_seconds, found.their_response_seconds) == (2 * 3600, 4 * 3600)


def test_a_thread_waits_for_who_did_not_write_last():
    found = figures([letter(9, "received"), letter(7, "sent"), letter(3, "received", thread=2)], now=NOW)
    assert [each.thread_id for each in found.owed] == [2]
    assert [(each.thread_id, each.people) for each in found.awaited] == [(1, ("Bo",))]


def test_after_two_months_nobody_waits_any_more():
    assert figures([letter(24 * 61, "received")], now=NOW).owed_count == 0


def test_the_oldest_that_wait_are_listed_and_all_counted():
    found = figures([letter(hours, "received", thread=hours) for hours in range(1, 31)], now=NOW)
    assert found.owed_count == 30
    assert [each.thread_id for each in found.owed] == list(range(30, 10, -1))


@given(st.lists(st.tuples(st.integers(0, 3000), st.sampled_from(["sent", "received"]), st.integers(1, 3)), max_size=30))
def test_the_order_of_the_messages_does_not_matter(drawn):
    letters = [letter(hours, side, thread=thread, number=n + 1) for n, (hours, side, thread) in enumerate(drawn)]
    assert figures(letters, now=NOW) == figures(reversed(letters), now=NOW)
