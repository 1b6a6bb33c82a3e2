"""The relationship map's layout: a place for each, the strongest further in, and short ties where they can be."""

from itertools import combinations
from math import hypot

from hypothesis import given
from hypothesis import strategies as some

from headrace_crm.web.pages.orbit import Ring, arcs, arrange

RINGS = (Ring(3, 100), Ring(5, 200))


def ties_among(count: int):
    pairs = list(combinations(range(count), 2)) or [(0, 0)]
    return some.dictionaries(some.sampled_from(pairs), some.integers(1, 50), max_size=20)


@given(count=some.integers(0, 12), data=some.data())
def test_each_has_a_place_of_its_own_on_the_ring_its_strength_gives(count: int, data: some.DataObject):
    ties = [(one, other, weight) for (one, other), weight in data.draw(ties_among(count)).items()]
    spots = arrange(range(count), ties, RINGS)
    assert set(spots) == set(range(min(count, 8)))
    assert len({(spot.x, spot.y) for spot in spots.values()}) == len(spots)
    for person, spot in spots.items():
        assert abs(hypot(spot.x, spot.y) - (100 if person < 3 else 200)) < 0.2
    drawn = arcs(spots, ties)
    assert {(arc.one, arc.other) for arc in drawn} == {tie[:2] for tie in ties if {*tie[:2]} <= set(spots)}
    assert [arc.share for arc in drawn] == sorted(arc.share for arc in drawn)


def test_those_who_share_threads_stand_near_each_other():
    people = list(range(8))
    spots = arrange(people, [(0, 4, 9), (3, 7, 9), (5, 6, 2)], RINGS)

    def apart(one: int, other: int) -> float:
        return hypot(spots[one].x - spots[other].x, spots[one].y - spots[other].y)

    assert apart(0, 4) < 130
    # Five stand 235 apart on the outer ring.
    assert [round(apart(*pair)) for pair in ((3, 7), (5, 6))] == [235, 235]
