"""The lookout: one look at the log for all consumers of a process that want one at the same moment."""

from collections.abc import Sequence
from itertools import groupby

from headrace.clock import Clock, SystemClock
from headrace.db.connection import Pool
from headrace.db.gathering import Gathering
from headrace.events.checkpoint import LaneBehind, Look, look_behind, read_behind, skip_ahead
from headrace.events.subscription import Subscription


class Lookout:
    """Tells consumers which of their lanes are behind the head, and moves lanes over what holds nothing for them.

    Every move of the head wakes every consumer, and few of them find anything: what they ask together costs one
    statement, not one each. Each statement commits by itself.
    """

    def __init__(self, pool: Pool, *, clock: Clock | None = None) -> None:
        self._pool = pool
        self._clock = clock or SystemClock()
        self._looks: Gathering[Look, list[LaneBehind]] = Gathering(self._look)
        self._skips: Gathering[tuple[Subscription, Sequence[LaneBehind]], None] = Gathering(self._skip)

    async def behind(self, subscription: Subscription, *, window: int) -> list[LaneBehind]:
        """The lanes with something to do up to `window` positions ahead, the furthest behind first.

        Without those resting after a failure, and none where the subscription is paused.
        """
        return await self._looks.ask(Look(subscription, window))

    async def skip(self, subscription: Subscription, lanes: Sequence[LaneBehind]) -> None:
        """Moves lanes over what holds nothing for them, except those at work elsewhere."""
        await self._skips.ask((subscription, lanes))

    async def _look(self, looks: Sequence[Look]) -> list[list[LaneBehind]]:
        answers: list[list[LaneBehind]] = [[] for _ in looks]
        now = self._clock.override()
        by_class = sorted(enumerate(looks), key=lambda one: one[1].passed)
        for _, group in groupby(by_class, key=lambda one: one[1].passed):
            numbers, alike = zip(*group, strict=True)
            rows = await self._pool.execute(*look_behind(alike, now=now))
            for number, found in zip(numbers, read_behind(rows, len(alike)), strict=True):
                answers[number] = found
        return answers

    async def _skip(self, skips: Sequence[tuple[Subscription, Sequence[LaneBehind]]]) -> list[None]:
        await self._pool.execute(*skip_ahead([(subscription, lane) for subscription, lanes in skips for lane in lanes]))
        return [None for _ in skips]
