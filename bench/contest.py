"""What is measured: our way and the baselines, taking turns, and what follows from their readings."""

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Literal, assert_never

Measure = Literal["rate", "latency"]
EVENNESS = "last/first tenth"


class SkippedError(Exception):
    """A workload cannot be run here; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Round:
    """The readings of one round, and what else was counted in it, by name."""

    readings: Sequence[float]
    figures: Mapping[str, float] = field(default_factory=dict[str, float])
    parts: Mapping[str, Mapping[str, float]] = field(default_factory=dict[str, Mapping[str, float]])
    """Figures by name, and in each the parts of the workload by name: the time of each page."""


@dataclass(frozen=True, slots=True)
class Contestant:
    """One way to do a workload. `run` does a round and gives its readings.

    A rate gives one reading a round, in units a second; a latency many, in milliseconds.
    """

    name: str
    run: Callable[[], Awaitable[Round | Sequence[float]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What our way should reach; None asks nothing."""

    ratio: float | None = None
    rate: float | None = None
    p50_ms: float | None = None
    p95_ms: float | None = None
    evenness: float | None = None
    most: Mapping[str, float] = field(default_factory=dict[str, float])
    """What figures may be at most, by their names; one that could not be counted is not asked for."""

    def __str__(self) -> str:
        asked = (
            None if self.ratio is None else f"ratio >= {self.ratio:g}",
            None if self.rate is None else f">= {self.rate:,.0f}/s",
            None if self.p50_ms is None else f"p50 <= {self.p50_ms:g} ms",
            None if self.p95_ms is None else f"p95 <= {self.p95_ms:g} ms",
            None if self.evenness is None else f"{EVENNESS} >= {self.evenness:g}",
            *(f"{name} <= {value:g}" for name, value in self.most.items()),
        )
        return ", ".join(one for one in asked if one is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """A workload: the first contestant is ours, the others are what it is compared with."""

    name: str
    title: str
    measure: Measure
    unit: str
    contestants: tuple[Contestant, ...]
    rounds: int
    wanted: Wanted = Wanted()


@dataclass(frozen=True, slots=True)
class Score:
    """The readings of one contestant, round by round, and how many times better ours was (None for ours)."""

    name: str
    rounds: tuple[tuple[float, ...], ...]
    ratio: float | None
    figures: tuple[Mapping[str, float], ...] = ()
    parts: tuple[Mapping[str, Mapping[str, float]], ...] = ()

    def has(self, name: str) -> bool:
        """Whether any round counted it."""
        return any(name in one for one in self.figures)

    def figure(self, name: str) -> float:
        """The median of a figure over the rounds that have it. Raises StatisticsError where none has."""
        return median(one[name] for one in self.figures if name in one)

    @property
    def readings(self) -> tuple[float, ...]:
        return tuple(reading for one in self.rounds for reading in one)

    def by_part(self) -> Mapping[str, Mapping[str, float]]:
        """Each figure that has parts: their medians over the rounds, the largest first."""
        found: dict[str, dict[str, float]] = {}
        for figure in self.parts[0] if self.parts else ():
            medians = {
                name: median(one[figure][name] for one in self.parts if name in one.get(figure, {}))
                for name in self.parts[0][figure]
            }
            found[figure] = dict(sorted(medians.items(), key=lambda part: -part[1]))
        return found


@dataclass(frozen=True, slots=True)
class Result:
    contest: Contest
    scores: tuple[Score, ...]

    @property
    def is_met(self) -> bool | None:
        """Whether what was wanted was reached; None where nothing was."""
        wanted, ours = self.contest.wanted, self.scores[0].readings
        middle = median(ours)
        checks = [
            wanted.ratio is None or all(one.ratio is None or one.ratio >= wanted.ratio for one in self.scores),
            wanted.rate is None or middle >= wanted.rate,
            wanted.p50_ms is None or middle <= wanted.p50_ms,
            wanted.p95_ms is None or percentile(ours, 95) <= wanted.p95_ms,
            wanted.evenness is None or self.scores[0].figure(EVENNESS) >= wanted.evenness,
            *(self.scores[0].figure(name) <= most for name, most in wanted.most.items() if self.scores[0].has(name)),
        ]
        return None if wanted == Wanted() else all(checks)


async def hold(contest: Contest, *, told: Callable[[str, int], None] = lambda *_: None) -> Result:
    """Lets the contestants take turns, A B A B, so that a machine that slows down slows them all.

    `told` hears who runs next and in which round.
    """
    rounds: dict[str, list[tuple[float, ...]]] = {one.name: [] for one in contest.contestants}
    figures: dict[str, list[Mapping[str, float]]] = {one.name: [] for one in contest.contestants}
    parts: dict[str, list[Mapping[str, Mapping[str, float]]]] = {one.name: [] for one in contest.contestants}
    for number in range(contest.rounds):
        for contestant in contest.contestants:
            told(contestant.name, number + 1)
            found = await contestant.run()
            rounds[contestant.name].append(tuple(found.readings if isinstance(found, Round) else found))
            figures[contestant.name].append(found.figures if isinstance(found, Round) else {})
            parts[contestant.name].append(found.parts if isinstance(found, Round) else {})
    return score(contest, rounds, figures, parts)


def score(
    contest: Contest,
    rounds: Mapping[str, Sequence[tuple[float, ...]]],
    figures: Mapping[str, Sequence[Mapping[str, float]]] | None = None,
    parts: Mapping[str, Sequence[Mapping[str, Mapping[str, float]]]] | None = None,
) -> Result:
    """The result of readings taken: a ratio is the median of the rounds' own ratios."""
    ours = rounds[contest.contestants[0].name]
    scores: list[Score] = []
    for contestant in contest.contestants:
        theirs = rounds[contestant.name]
        ratio = None
        if theirs is not ours:
            ratio = median(
                _times_better(median(mine), median(other), contest.measure)
                for mine, other in zip(ours, theirs, strict=True)
            )
        counted = () if figures is None else tuple(figures[contestant.name])
        parted = () if parts is None else tuple(parts[contestant.name])
        scores.append(Score(contestant.name, tuple(theirs), ratio, counted, parted))
    return Result(contest, tuple(scores))


def _times_better(ours: float, theirs: float, measure: Measure) -> float:
    match measure:
        case "rate":
            return ours / theirs
        case "latency":
            return theirs / ours
        case _:
            assert_never(measure)


def percentile(readings: Sequence[float], percent: float) -> float:
    """The smallest reading that so many percent of them do not exceed (nearest rank)."""
    if not readings:
        raise ValueError("no readings; a percentile needs at least one")
    rank = math.ceil(percent / 100 * len(readings))
    return sorted(readings)[max(rank, 1) - 1]
