"""The cursor over limit keys: where among the keys of each queue and priority the next claim begins."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from operator import itemgetter
from typing import Any

from headrace.jobs.cursor import Ageing, Place, Range
from headrace.jobs.job import Priority

_LEAST_WIDTH = 16
_MOST_WIDTH = 1_000
_CIRCLE_CLAIMS = 4
_AGED_SHARE = 8
_WALK_SHARE = 20
_GO_ON_SHARE = 4
_DEAR_SECONDS = 0.002
_BUSY_SECONDS = 0.002
_BLOCKED_SECONDS = 0.2
_AGEING = Ageing()
_NAMES = itemgetter("queue", "priority", "limit_key")


@dataclass(frozen=True, slots=True)
class KeyRange:
    """One range of a claim for jobs with keys: those after `start`, in a circle. `rank` is its place among all."""

    queue: str
    priority: Priority
    rank: int
    start: str
    age: timedelta
    aged_limit: int


@dataclass(frozen=True, slots=True)
class KeyPlan:
    """The key ranges of one claim, which walks up to `width` keys of each.

    Where some are `known`, (number of the range from 1, key, place) each, it goes to those and does not walk.
    """

    ranges: tuple[KeyRange, ...] = ()
    known: tuple[tuple[int, str, Place], ...] = ()
    width: int = _LEAST_WIDTH


@dataclass(slots=True)
class _State:
    start: str = ""
    origin: str | None = None
    has_wrapped: bool = False
    walked: int = 0
    passed: int = 0
    active: int = 0
    is_whole: bool = False
    is_blocked: bool = False
    is_busy: bool = False
    wakes_at: float | None = None
    places: dict[str, Place] = field(default_factory=dict[str, Place])


class KeyCursor:
    """Remembers, for every (queue, priority), after which key the next claim begins, and the places in the keys.

    A claim takes from the keys in turn, so that each gets its share however many jobs wait under the
    others. It finds them by walking from key to key, which costs what dead index entries cost. Where a
    snapshot held open keeps these, and a walk takes milliseconds, walks get a twentieth of the time, and
    the claims between them go to the keys known, from the places known. `now` is a monotonic clock's
    reading in seconds.
    """

    def __init__(self, queues: Collection[str] = (), *, ageing: Ageing | None = _AGEING) -> None:
        self.limited: frozenset[str] = frozenset()
        """The queues that are limited."""
        self._declared = frozenset((queue, priority) for queue in queues for priority in Priority)
        self._ageing = ageing
        self._states: dict[tuple[str, Priority], _State] = {name: _State() for name in sorted(self._declared)}
        self._width = _LEAST_WIDTH
        self._turn = 0
        self._walks_at = float("-inf")
        self._walk_seconds = 0.0
        self._has_walked = True
        self._queue_notes: list[Mapping[str, Any]] = []

    @property
    def is_needed(self) -> bool:
        """True where a claim has to look at limits."""
        return bool(self._states or self.limited)

    @property
    def is_blocked(self) -> bool:
        """True where the last claims met a key or a queue that has no free slot."""
        return any(state.is_blocked for state in self._states.values()) or any(
            note["is_blocked"] for note in self._queue_notes
        )

    def learn(self, keyed: Collection[tuple[str, Priority]], limited: frozenset[str]) -> bool:
        """Takes up where jobs with keys were seen, and which queues are limited; True where one is new."""
        new = [name for name in keyed if name not in self._states]
        for name in new:
            self._states[name] = _State()
        is_new = bool(new) or not limited <= self.limited
        self.limited = limited
        if not limited:
            self._queue_notes = []
        return is_new

    def plan(self, ranges: Sequence[Range], limit: int, *, now: float) -> KeyPlan:
        """The key ranges of a claim beside these; the two of one queue and priority take turns at being first."""
        self._turn += 1
        side = 1 if self._turn % 2 else -1
        ranks = {(one.queue, one.priority): 2 * number for number, one in enumerate(ranges, 1) if not one.age}
        walks = self._has_walked = now >= self._walks_at
        names = [name for name in ranks if name in self._states and (walks or self._states[name].places)]
        aged = limit // _AGED_SHARE // len(names) if names else 0
        if not aged and self._turn % _AGED_SHARE == 0:
            aged = 1
        key_ranges = tuple(
            KeyRange(
                queue,
                priority,
                ranks[queue, priority] + side,
                self._states[queue, priority].start,
                timedelta(0) if self._ageing is None else self._ageing.after * priority,
                0 if self._ageing is None or not priority else aged,
            )
            for queue, priority in names
        )
        if walks:
            return KeyPlan(key_ranges, width=self._width)
        return KeyPlan(key_ranges, tuple(self._known(key_ranges)), self._width)

    def _known(self, key_ranges: Iterable[KeyRange]) -> Iterable[tuple[int, str, Place]]:
        for number, one in enumerate(key_ranges, 1):
            places = self._states[one.queue, one.priority].places
            keys = sorted(places)
            after = [key for key in keys if key > one.start]
            for key in (after + keys)[: min(self._width, len(keys))]:
                yield number, key, places[key]

    def note(
        self,
        plan: KeyPlan,
        claimed: Sequence[Mapping[str, Any]],
        met: Mapping[str, Any],
        *,
        is_full: bool,
        now: float,
    ) -> None:
        """Takes in what a claim got, the rows of its jobs in order, and what it met."""
        if plan.ranges and not plan.known:
            self._walk_seconds = met["seconds"] or 0.0
            self._walks_at = now + self._walk_seconds * _WALK_SHARE if self._walk_seconds >= _DEAR_SECONDS else now
        taken: dict[tuple[str, int], dict[str, Place | None]] = {}
        if plan.ranges:
            for queue, priority, key, place in _taken(claimed, has_places=self._walk_seconds >= _DEAR_SECONDS):
                taken.setdefault((queue, priority), {})[key] = place
        self._queue_notes = list(met["queues"] or ())
        met_ranges = {one["number"]: one for one in met["keyed"] or ()}
        for number, one in enumerate(plan.ranges, 1):
            name = (one.queue, one.priority)
            state = self._states.get(name)
            if state is None:
                continue
            got = taken.get(name, {})
            if plan.known:
                self._note_known(state, one, {key for at, key, _ in plan.known if at == number}, got)
            elif number in met_ranges:
                self._note_walk(state, one, met_ranges[number], got, plan.width, is_full=is_full, now=now)
            elif name in self._declared:
                self._states[name] = _State(is_whole=True)
            else:
                del self._states[name]
        widest = max((max(state.active, state.passed) for state in self._states.values()), default=0)
        fitting = min(max(-(-widest // _CIRCLE_CLAIMS), _LEAST_WIDTH), _MOST_WIDTH)
        self._width = fitting if is_full else min(max(self._width * 4, fitting), _MOST_WIDTH)

    def _note_walk(
        self,
        state: _State,
        one: KeyRange,
        met: Mapping[str, Any],
        got: dict[str, Place | None],
        width: int,
        *,
        is_full: bool,
        now: float,
    ) -> None:
        if state.origin is None:
            state.origin, state.has_wrapped, state.walked = one.start, False, 0
            state.is_blocked, state.is_busy, state.wakes_at = False, False, None
        state.walked += met["keys"]
        state.is_blocked |= met["is_blocked"]
        state.is_busy |= met["is_busy"]
        if met["rest"] is not None and (state.wakes_at is None or now + met["rest"] < state.wakes_at):
            state.wakes_at = now + met["rest"]
        state.has_wrapped |= met["is_round"]
        state.is_whole = met["keys"] < width or (state.has_wrapped and met["last"] >= state.origin)
        if state.is_whole or (is_full and got):
            state.origin = None
        state.start = _furthest(got, one.start) if is_full and got else met["last"]
        # How many keys there are shows when the circle is closed, in however many claims.
        state.passed += len(got) if is_full and got else met["keys"]
        if met["keys"] < width or (met["is_round"] and state.start <= one.start):
            state.active, state.passed = state.passed, 0
        self._remember(state, got)

    def _note_known(self, state: _State, one: KeyRange, asked: set[str], got: dict[str, Place | None]) -> None:
        for key in asked - got.keys():
            del state.places[key]
        if asked:
            state.start = _furthest(got or asked, one.start)
        self._remember(state, got)

    def _remember(self, state: _State, got: Mapping[str, Place | None]) -> None:
        for key, place in got.items():
            state.places.pop(key, None)
            if place is not None:
                state.places[key] = place
        while len(state.places) > _MOST_WIDTH:
            del state.places[next(iter(state.places))]

    def rest(self, *, now: float) -> float | None:
        """How many seconds to rest after a claim that got nothing; None where nothing here will come by itself."""
        rests = [note["rest"] for note in self._queue_notes if note["rest"] is not None]
        rests += [_BUSY_SECONDS for note in self._queue_notes if note["is_busy"]]
        rests += [_BLOCKED_SECONDS for note in self._queue_notes if note["is_blocked"]]
        if not self._has_walked:
            rests.append(self._walks_at - now)
        for state in self._states.values():
            if not state.is_whole:
                rests.append(max(self._walks_at - now, self._walk_seconds * _GO_ON_SHARE))
            if state.is_busy:
                rests.append(_BUSY_SECONDS)
            if state.is_blocked:
                rests.append(_BLOCKED_SECONDS)
            if state.wakes_at is not None:
                rests.append(state.wakes_at - now)
        return max(min(rests), 0.0) if rests else None


def _taken(claimed: Sequence[Mapping[str, Any]], *, has_places: bool) -> Iterable[tuple[str, int, str, Place | None]]:
    """What was taken, (queue, priority, key, place); without places each key once, which takes a fifth of the time."""
    if not has_places:
        keys = set(map(_NAMES, claimed))
        return [(queue, priority, key, None) for queue, priority, key in keys if key is not None]
    return (
        (row["queue"], row["priority"], row["limit_key"], (row["run_at"], row["job_id"]))
        for row in claimed
        if row["limit_key"] is not None
    )


def _furthest(keys: Iterable[str], start: str) -> str:
    """The last of some keys in the circle that begins after `start`."""
    all_keys = list(keys)
    return max([key for key in all_keys if key <= start] or all_keys)
