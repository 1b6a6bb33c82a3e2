"""Where people stand on the relationship map: the strongest further in, those who share threads near each other.

Pure. People are put in a row by a greedy walk along the strongest ties; each ring takes its people in that order,
evenly around, and is turned to where those they share threads with stand further in.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from math import atan2, cos, hypot, pi, sin
from typing import Final, Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)

_TURNS: Final = 24
"""Turns of a ring that are tried; with more, nobody sees the difference."""


@dataclass(frozen=True, slots=True)
class Ring:
    """So many places around the middle, `radius` away, in units of the drawing."""

    places: int
    radius: float


@dataclass(frozen=True, slots=True)
class Spot:
    """A place, from the middle to the right and downwards."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Arc(Generic[Key]):
    """A tie as it is drawn: its SVG path, and how strong it is from 0 to 1 beside the strongest."""

    one: Key
    other: Key
    path: str
    share: float


def arrange(people: Sequence[Key], ties: Sequence[tuple[Key, Key, int]], rings: Sequence[Ring]) -> Mapping[Key, Spot]:
    """The spots of people given the strongest first; those for whom the rings have no place are left out."""
    weights = _weights(people, ties)
    row = {person: index for index, person in enumerate(_row(people, weights))}
    spots: dict[Key, Spot] = {}
    begin = 0
    for ring in rings:
        taken = sorted(people[begin : begin + ring.places], key=row.__getitem__)
        begin += ring.places
        spots |= _turned(taken, ring, spots, weights)
    return spots


def arcs(spots: Mapping[Key, Spot], ties: Sequence[tuple[Key, Key, int]]) -> list[Arc[Key]]:
    """The ties between people who have a spot, bent towards the middle, the weakest first so that none is hidden."""
    drawn = [tie for tie in ties if tie[0] in spots and tie[1] in spots]
    most = max((weight for _, _, weight in drawn), default=1)
    return [
        Arc(one, other, _bent(spots[one], spots[other]), weight / most)
        for one, other, weight in sorted(drawn, key=lambda tie: tie[2])
    ]


def _weights(people: Sequence[Key], ties: Sequence[tuple[Key, Key, int]]) -> dict[Key, dict[Key, int]]:
    found: dict[Key, dict[Key, int]] = {person: {} for person in people}
    for one, other, weight in ties:
        if one in found and other in found:
            found[one][other] = found[other][one] = weight
    return found


def _row(people: Sequence[Key], weights: Mapping[Key, Mapping[Key, int]]) -> list[Key]:
    """Everybody once: after each the one who shares most with it, else the strongest that is left."""
    left = dict.fromkeys(people)
    row: list[Key] = []
    while left:
        near = {person: weight for person, weight in weights[row[-1]].items() if person in left} if row else None
        following = max(near, key=near.__getitem__) if near else next(iter(left))
        del left[following]
        row.append(following)
    return row


def _turned(
    taken: Sequence[Key], ring: Ring, spots: Mapping[Key, Spot], weights: Mapping[Key, Mapping[Key, int]]
) -> dict[Key, Spot]:
    """A ring in the turn in which its people are nearest to those they share threads with further in."""
    best: dict[Key, Spot] = {}
    shortest = float("inf")
    for turn in range(_TURNS):
        placed = _around(taken, ring, turn / _TURNS)
        length = sum(
            weight * hypot(spot.x - spots[near].x, spot.y - spots[near].y)
            for person, spot in placed.items()
            for near, weight in weights[person].items()
            if near in spots
        )
        if length < shortest:
            best, shortest = placed, length
    return best


def _around(taken: Sequence[Key], ring: Ring, turn: float) -> dict[Key, Spot]:
    step = 2 * pi / max(1, len(taken))
    # From the top, so that few people stand evenly; turned by whole steps and a part of one.
    begin = -pi / 2 + 2 * pi * turn
    return {
        person: Spot(
            round(ring.radius * cos(begin + index * step), 1), round(ring.radius * sin(begin + index * step), 1)
        )
        for index, person in enumerate(taken)
    }


def _bent(one: Spot, other: Spot) -> str:
    middle = Spot((one.x + other.x) / 2, (one.y + other.y) / 2)
    # Those who stand opposite each other would have the middle itself, where the owner is: it is passed by.
    angle = atan2(other.y - one.y, other.x - one.x) + pi / 2
    aside = 0.1 * hypot(other.x - one.x, other.y - one.y)
    bend = Spot(middle.x * 0.6 + aside * cos(angle), middle.y * 0.6 + aside * sin(angle))
    return f"M{one.x:.1f} {one.y:.1f}Q{bend.x:.1f} {bend.y:.1f} {other.x:.1f} {other.y:.1f}"
