"""The claim cursor: where the next claim begins, so that it never walks over what is already gone."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from headrace.jobs.job import Priority

T = TypeVar("T")
Place = tuple[datetime, UUID]
_START: Place = (datetime(1, 1, 2, tzinfo=UTC), UUID(int=0))

NO_AGE = timedelta(0)

_AGED_SHARE = 8
_CHEAP_SECONDS = 0.005
_RECENT = 5
_LOWER = (Priority.LOW, Priority.NORMAL, Priority.HIGH)


@dataclass(frozen=True, slots=True)
class Range:
    """One stretch of the claim index to take jobs from: after a place, due for at least `age`."""

    queue: str
    priority: Priority
    after: Place
    age: timedelta
    limit: int


def columns(ranges: Sequence[Range], *, limit: int) -> tuple[list[Any], ...]:
    """Ranges of a claim of up to `limit` jobs as arrays for its statement, each as short as it may be.

    Most ranges are of the usual kind, and each value sent costs the driver some hundred nanoseconds.
    """
    afters = trimmed([one.after for one in ranges], usual=_START)
    return (
        [one.queue for one in ranges],
        [int(one.priority) for one in ranges],
        [moment for moment, _ in afters],
        [job_id for _, job_id in afters],
        trimmed([one.age for one in ranges], usual=NO_AGE),
        trimmed([min(one.limit, limit) for one in ranges], usual=limit),
    )


def trimmed(values: list[T], *, usual: T) -> list[T]:
    """The values without those of the end that are as usual: `unnest` of several arrays fills the shorter with NULL."""
    while values and values[-1] == usual:
        values.pop()
    return values


@dataclass(frozen=True, slots=True)
class Ageing:
    """Keeps low priorities from starving.

    Of every claim, one job in eight may come from a lower priority that has been due for longer than
    `after` times its distance below critical.
    """

    after: timedelta = timedelta(seconds=30)


class ClaimCursor:
    """Remembers the last place claimed for every (queue, priority), and plans the next claim.

    What lies behind the cursor (a late commit, a job given back) is found by a sweep from the
    beginning. Sweeps cost what dead index entries cost, so the time between two of them is at least
    twenty times the last one's duration (5 % of the time), and at most a second where that is cheap.
    Where they cost no more than a claim does, each claim after a short one begins anew: it sees all that
    is due, before the cursor and after it, and nothing is left to look for.
    """

    def __init__(self, queues: Sequence[str], *, ageing: Ageing | None = Ageing()) -> None:
        self.queues = tuple(queues)
        self._ageing = ageing
        self._places: dict[tuple[str, int], Place] = {}
        self._turn = 0
        self._aged_turn = 0
        self._swept_at = float("-inf")
        self._sweep_seconds = 0.0
        self._recent_seconds: deque[float] = deque(maxlen=_RECENT)

    def plan(self, limit: int, *, is_sweep: bool) -> list[Range]:
        """The ranges of one claim, in the order to take from them.

        Queues take turns at being first within a priority. A sweep starts every range at the beginning.
        """
        self._turn += 1
        shift = self._turn % len(self.queues)
        queues = self.queues[shift:] + self.queues[:shift]
        ranges = [] if self._ageing is None else self._aged(limit, self._ageing, is_sweep=is_sweep)
        ranges += [
            Range(queue, priority, self._place(queue, priority, is_sweep), NO_AGE, limit)
            for priority in Priority
            for queue in queues
        ]
        return ranges

    def is_short(self, claimed: int, *, limit: int) -> bool:
        """True where a claim got so much less than its limit that nothing more is due after the cursor.

        A job may be found twice, as an aged one and in its turn, so an eighth may be missing in a full claim.
        """
        return claimed < limit - limit // _AGED_SHARE

    def _aged(self, limit: int, ageing: Ageing, *, is_sweep: bool) -> list[Range]:
        """Ranges for an eighth of the limit (one job in every eighth claim of less), taken in turn."""
        places = limit // _AGED_SHARE or (1 if self._turn % _AGED_SHARE == 0 else 0)
        lower = [(queue, priority) for priority in _LOWER for queue in self.queues]
        self._aged_turn += min(places, len(lower))
        shift = self._aged_turn % len(lower)
        chosen = (lower[shift:] + lower[:shift])[:places]
        return [
            Range(
                queue,
                priority,
                self._place(queue, priority, is_sweep),
                ageing.after * priority,
                places // len(chosen),
            )
            for queue, priority in chosen
        ]

    def advance(self, claimed: Iterable[tuple[str, int, datetime, UUID]], *, goes_back: bool = False) -> None:
        """Moves past what was claimed: (queue, priority, run_at, job id) of each job.

        `goes_back` after a full sweep: more may be waiting behind where the cursor stood, and being older
        it goes first, so the cursor goes on from where the sweep ended.
        """
        reached: dict[tuple[str, int], Place] = {}
        for queue, priority, run_at, job_id in claimed:
            key = (queue, priority)
            reached[key] = max(reached.get(key, _START), (run_at, job_id))
        for key, place in reached.items():
            if goes_back or place > self._places.get(key, _START):
                self._places[key] = place

    def begins_anew(self, *, now: float) -> bool:
        """True where a claim after a short one is to be a sweep."""
        # The least of several: each may have been slow for other reasons than dead entries.
        return min(self._recent_seconds, default=0.0) <= _CHEAP_SECONDS or self.until_sweep(now=now, is_short=True) <= 0

    def until_sweep(self, *, now: float, is_short: bool) -> float:
        """The seconds to the next sweep, 0 where it is due: soon after a claim that came back short, else each second.

        `now` is a monotonic clock's reading in seconds.
        """
        rest = max(self._sweep_seconds * 20, 0.02 if is_short else 1.0)
        return max(0.0, self._swept_at + rest - now)

    def swept(self, *, started: float, ended: float) -> None:
        """Records a sweep, by the same monotonic clock."""
        self._swept_at = ended
        self._recent_seconds.append(ended - started)
        self._sweep_seconds = ended - started

    def _place(self, queue: str, priority: Priority, is_sweep: bool) -> Place:  # noqa: FBT001 - private
        return _START if is_sweep else self._places.get((queue, priority), _START)
