"""How often two people write to each other, and how often one answers the other: pure.

    occasion   = letters of one thread or none further apart than a day are one occasion
    gap        = the days from one occasion to the next
    usual gap  = the median of the newest 24 gaps
    long gap   = the longest of them but one in ten: four of five pauses were shorter

A median and not a mean: one long holiday is no rhythm.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from math import ceil
from statistics import median_high, median_low
from typing import Final

from headrace_crm.insights.model import Letter
from headrace_crm.scores.model import Direction

FEWEST_GAPS: Final = 4
_NEWEST_GAPS: Final = 24
_ONE_OCCASION: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """The usual and the long gap between two occasions, and how many gaps they were taken from."""

    usual: timedelta
    long: timedelta
    gap_count: int


def rhythm(moments: Sequence[datetime]) -> Rhythm | None:
    """The rhythm of ascending moments; None for fewer than five occasions, which are none."""
    occasions: list[tuple[datetime, datetime]] = []
    for moment in moments:
        if occasions and moment - occasions[-1][1] <= _ONE_OCCASION:
            occasions[-1] = (occasions[-1][0], moment)
        else:
            occasions.append((moment, moment))
    gaps = [after[0] - before[1] for before, after in pairwise(occasions)][-_NEWEST_GAPS:]
    if len(gaps) < FEWEST_GAPS:
        return None
    ordered = sorted(gaps)
    return Rhythm(_median(ordered), ordered[ceil(len(ordered) * 0.9) - 1], len(gaps))


@dataclass(frozen=True, slots=True)
class Answers:
    """How many turns one side left to the other, how many of them were answered, and the median time it took."""

    turns: int
    answered: int
    median: timedelta | None

    @property
    def share(self) -> float:
        """The share of turns that were answered; 0.0 without any."""
        return self.answered / self.turns if self.turns else 0.0


def answers_by(side: Direction, letters: Sequence[Letter]) -> Answers:
    """How `side` answers the other one; letters ascend. A turn is a run of letters of one side in one thread.

    The turn that ends a thread counts as one without an answer, unless it is the last letter of all: that one may still
    be answered.
    """
    began: dict[int, datetime] = {}
    taken: list[timedelta] = []
    turns = 0
    for letter in letters:
        if letter.direction == side:
            if letter.thread_id in began:
                taken.append(letter.sent_at - began.pop(letter.thread_id))
        elif letter.thread_id not in began:
            began[letter.thread_id] = letter.sent_at
            turns += 1
    if letters and letters[-1].thread_id in began:
        turns -= 1
    return Answers(turns, len(taken), _median(taken) if taken else None)


def _median(spans: Sequence[timedelta]) -> timedelta:
    return (median_low(spans) + median_high(spans)) / 2
