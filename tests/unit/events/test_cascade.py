"""Paths of handlers: how they grow, when they run in a circle, and where they end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.events.cascade import (
    DEEP,
    MOST_HOPS,
    CascadeError,
    circle,
    extended,
    hop,
    hops,
    is_deep,
    require_shallow,
    told,
)


def path_of(*steps: str) -> str | None:
    path = None
    for step in steps:
        path = extended(path, step)
    return path


@given(st.lists(st.tuples(st.text(min_size=1), st.text(min_size=1)), max_size=40))
def test_a_path_comes_apart_into_the_steps_it_was_made_of(names):
    steps = [hop(*pair) for pair in names]
    assert hops(path_of(*steps)) == steps
    assert is_deep(path_of(*steps)) is (len(steps) >= DEEP)


def test_a_circle_is_told_when_it_closes_and_not_again():
    a, b, c = hop("a", "x"), hop("b", "y"), hop("c", "z")
    assert circle(None, a) is None
    assert circle(path_of(a, b), c) is None
    assert circle(path_of(a, b, c), b) == [b, c, b]
    assert circle(path_of(a, b, c, b), b) is None
    assert circle(path_of(a), hop("a", "other")) is None


def test_an_event_after_too_many_handlers_is_refused_with_the_way_there():
    steps = [hop(f"t{number}", f"h{number}") for number in range(MOST_HOPS + 1)]
    require_shallow("t", None)
    require_shallow("t", path_of(*steps[:-1]))
    with pytest.raises(CascadeError, match="event 'last' is refused, more than 32 handlers") as caught:
        require_shallow("last", path_of(*steps))
    assert (caught.value.event_type, caught.value.path) == ("last", path_of(*steps))
    assert "t0 > h0 > t1 > h1 > t2 > h2 > t3 > h3 > (25 more) > t29 > h29" in str(caught.value)
    assert "t32 > h32 > last; break the circle" in str(caught.value)


@given(st.text(), st.text())
def test_a_step_is_one_short_line(event_type, handler):
    step = hop(event_type, handler)
    assert "\n" not in step
    assert len(step) <= 200


def test_a_short_path_is_told_whole():
    assert told(path_of(hop("a", "x"), hop("b", "y"))) == "a > x > b > y"
    assert told(None) == ""
