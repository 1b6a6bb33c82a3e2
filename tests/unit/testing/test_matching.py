"""What a test expects of JSON data, and the words for what is otherwise."""

from dataclasses import dataclass
from datetime import UTC, datetime
from unittest.mock import ANY
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.testing import ANYTHING
from headrace.testing.matching import mismatch

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
NIL = UUID(int=0)


class Visit(msgspec.Struct):
    place: int
    guest: str = "ada"


@dataclass
class Stay:
    visits: list[Visit]


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        (ANYTHING, None),
        ({"place": 1}, {"place": 1, "guest": "bo"}),
        ({"a": {"b": [{"c": 1}]}}, {"a": {"b": [{"c": 1, "d": 2}], "e": 3}}),
        (Visit(1), {"place": 1, "guest": "ada"}),
        ([Visit(1)], [{"place": 1, "guest": "ada"}]),
        (Stay([Visit(1)]), {"visits": [{"place": 1, "guest": "ada"}]}),
        ({"at": datetime(2031, 5, 1, tzinfo=UTC), "id": NIL}, {"at": "2031-05-01T00:00:00Z", "id": str(NIL)}),
        ({"place": ANY}, {"place": [1]}),
        (lambda place: place > 3, 4),
        ({"place": lambda place: place > 3}, {"place": 4}),
        ((1, 2), [1, 2]),
    ],
)
def test_what_fits_has_no_difference(expected, actual):
    assert mismatch(expected, actual, name="args") is None


@pytest.mark.parametrize(
    ("expected", "actual", "words"),
    [
        ({"place": 1}, {"place": 2}, "args.place is 2, not 1"),
        ({"place": None}, {}, "args has no 'place'"),
        ({"place": 1}, [1], "args is [1], not an object"),
        ([1], {"0": 1}, "args is {'0': 1}, not a list"),
        ([1], [1, 2], "args has 2 items, not 1"),
        ({"a": [{"b": 1}]}, {"a": [{"b": 2}]}, "args.a[0].b is 2, not 1"),
        (Visit(1), {"place": 1, "guest": "bo"}, "args.guest is 'bo', not 'ada'"),
        ("x", "y", "args is 'y', not 'x'"),
        (str.isdigit, "y", "args is 'y', which isdigit refuses"),
    ],
)
def test_the_first_difference_is_told(expected, actual, words):
    assert mismatch(expected, actual, name="args") == words


@given(JSON)
def test_everything_fits_itself(value):
    assert mismatch(value, value, name="args") is None


@given(JSON, JSON)
def test_values_that_fit_each_other_both_ways_are_equal(one, other):
    both = mismatch(one, other, name="args") is None and mismatch(other, one, name="args") is None
    assert both == (one == other)
