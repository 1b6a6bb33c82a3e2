import pytest
from hypothesis import given
from hypothesis import strategies as st

from fix_events import ContactCreated, new
from headrace.errors import WrongVersionError
from headrace.events.event import ANY, NONE
from headrace.events.versions import stream_bumps

DATA = ContactCreated("Ada")


def test_events_outside_streams_bump_nothing():
    assert stream_bumps([new(DATA), new(DATA)]) == []


def test_streams_come_in_one_order_whatever_the_order_of_events():
    keys = [bump.key.aggregate_id for bump in stream_bumps([new(DATA, stream=name) for name in "cab"])]
    assert keys == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("expected", "before"),
    [
        ([ANY, ANY], ANY),
        ([NONE, ANY], 0),
        ([4, ANY], 4),
        ([4, 5], 4),
        ([ANY, 5], 4),
        ([ANY, 1], 0),
        ([NONE, 1], 0),
    ],
)
def test_each_event_expects_the_stream_as_the_events_before_it_leave_it(expected, before):
    bumps = stream_bumps([new(DATA, stream="a", expected=one) for one in expected])
    assert [(bump.event_count, bump.expected) for bump in bumps] == [(2, before)]


@pytest.mark.parametrize("expected", [[4, 4], [ANY, NONE], [NONE, NONE], [4, 6]])
def test_events_of_one_stream_that_contradict_each_other_are_refused(expected):
    with pytest.raises(WrongVersionError, match="contact/a"):
        stream_bumps([new(DATA, stream="a", expected=one) for one in expected])


@given(st.lists(st.sampled_from("abcd"), max_size=20))
def test_every_event_of_a_stream_is_counted_once(names):
    bumps = stream_bumps([new(DATA, stream=name) for name in names])
    assert {bump.key.aggregate_id: bump.event_count for bump in bumps} == {name: names.count(name) for name in names}
