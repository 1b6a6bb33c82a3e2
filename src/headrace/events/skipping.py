"""Moves lanes over positions that hold nothing for them: often enough to be current, seldom enough to cost little."""

import asyncio
import math
from collections.abc import Sequence
from datetime import timedelta

from headrace.events.checkpoint import LaneBehind
from headrace.events.lookout import Lookout
from headrace.events.subscription import Subscription
from headrace.service import AGAIN

_GRAIN = 0.01


class Skipping:
    """Skips for one subscription at most every `interval`; at once where a lane is a whole `window` behind.

    Skips of several subscriptions fall together where they may.
    """

    def __init__(self, lookout: Lookout, subscription: Subscription, *, window: int, interval: timedelta) -> None:
        self._lookout = lookout
        self._subscription = subscription
        self._window = window
        self._interval = interval
        self._skipped_at = -math.inf

    async def skip(self, lanes: Sequence[LaneBehind]) -> timedelta | None:
        """Moves lanes over what holds nothing for them, if it is due; the rest until it is."""
        if not lanes:
            return None
        now = asyncio.get_running_loop().time()
        is_far = any(lane.reach - lane.position >= self._window for lane in lanes)
        until_due = self._skipped_at + self._interval.total_seconds() - now
        if until_due > 0 and not is_far:
            return timedelta(seconds=until_due)
        await self._lookout.skip(self._subscription, lanes)
        self._skipped_at = now - now % _GRAIN
        return AGAIN if is_far else None
