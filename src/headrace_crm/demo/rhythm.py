"""How a relationship goes through the two years: who writes, how often, when, and whether anybody answers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from random import Random
from types import MappingProxyType
from typing import Literal, TypeAlias, assert_never

Rhythm: TypeAlias = Literal[
    "weekly", "growing", "fading", "quarterly", "incoming", "outgoing", "new", "dormant", "occasional"
]

SPAN = timedelta(days=730)
WEEKS = 104
QUARTERS = 8
GOLDEN = 0.6180339887498949
EARLY_SHARE = 0.34

DECK: tuple[Rhythm, ...] = (
    "weekly",
    "growing",
    "fading",
    "quarterly",
    "incoming",
    "outgoing",
    "new",
    "dormant",
    "occasional",
    "occasional",
    "growing",
    "quarterly",
    "fading",
    "occasional",
    "incoming",
    "new",
    "quarterly",
    "occasional",
    "dormant",
    "occasional",
)
"""Twenty people in their order: all rhythms among the first nine, and the rare ones rare among all."""


@dataclass(frozen=True, slots=True)
class Habit:
    """What follows from a rhythm.

    `weight` is the share of all mail relative to the others'. `lengths` are the numbers of messages a
    conversation may have. `initiative` is the probability that the owner begins. `owner_hours` and
    `their_hours` are the medians of the times to answer.
    """

    weight: int
    lengths: tuple[int, ...]
    initiative: float
    owner_hours: float
    their_hours: float


HABITS: Mapping[Rhythm, Habit] = MappingProxyType(
    {
        "weekly": Habit(70, (1, 1, 2), 0.5, 3, 2),
        "growing": Habit(30, (2, 3, 3, 4, 6), 0.5, 4, 5),
        "fading": Habit(24, (1, 2, 2, 3), 0.6, 20, 50),
        "quarterly": Habit(16, (2,), 0.5, 26, 30),
        "incoming": Habit(7, (1,), 0.0, 90, 10),
        "outgoing": Habit(5, (1,), 1.0, 10, 90),
        "new": Habit(7, (2, 3, 4), 0.4, 2, 6),
        "dormant": Habit(10, (1, 2, 3, 5), 0.5, 12, 12),
        "occasional": Habit(4, (1, 2, 3), 0.5, 30, 40),
    }
)


def beginnings(rhythm: Rhythm, *, ends_at: datetime, source: Random) -> Iterator[datetime]:
    """Yield without end, in no order, moments of the two years before `ends_at` to begin a talk."""
    start = source.random()
    for turn in count():
        # Steps of the golden ratio spread even a few moments well, where independent draws would leave gaps
        # that look like another rhythm.
        yield ends_at - _age(rhythm, turn, (start + turn * GOLDEN) % 1)


def _age(rhythm: Rhythm, turn: int, chance: float) -> timedelta:
    match rhythm:
        case "weekly":
            age = timedelta(days=7 * (turn % WEEKS) + 1 + 3 * chance)
        case "quarterly":
            age = timedelta(days=91 * (turn % QUARTERS) + 25 + 20 * chance)
        case "growing":
            # Some of it long before, the rest in the last quarter: no slow curve shows in so few talks.
            is_early = chance < EARLY_SHARE
            age = SPAN * (0.15 + 2.5 * chance) if is_early else timedelta(days=2 + 127 * (chance - EARLY_SHARE))
        case "fading":
            age = SPAN * (0.28 + 0.72 * chance)
        case "dormant":
            age = SPAN * (0.6 + 0.4 * chance)
        case "new":
            age = timedelta(days=2 + 58 * chance)
        case "occasional" | "incoming" | "outgoing":
            age = SPAN * chance
        case _:
            assert_never(rhythm)
    return age
