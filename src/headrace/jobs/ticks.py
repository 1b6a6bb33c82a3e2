"""Which ticks to fire when a schedule is due, and which one comes after them. Decides; touches nothing."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from headrace.jobs.cron import Rhythm
from headrace.jobs.schedule import CatchUp

PUNCTUAL = timedelta(minutes=1)
"""A tick fired within this time is on time; an older one was missed."""


@dataclass(frozen=True, slots=True)
class Due:
    """The ticks to fire now, oldest first; whether older ones are dropped; the tick to wait for."""

    ticks: tuple[datetime, ...]
    has_dropped: bool
    next_at: datetime | None


def decide(rhythm: Rhythm, catch_up: CatchUp, limit: int, *, due_at: datetime, now: datetime) -> Due:
    """What a schedule whose next tick was `due_at` does at `now`, which is not before it.

    Of several ticks that are due the newest are kept: one, or up to `limit` to catch up with all.
    """
    ticks = newest_ticks(rhythm, since=due_at, until=now, count=limit if catch_up == "all" else 1)
    match catch_up:
        case "none":
            ticks = tuple(tick for tick in ticks if now - tick <= PUNCTUAL)
        case "last" | "all":
            pass
        case _:
            assert_never(catch_up)
    return Due(ticks, has_dropped=not ticks or ticks[0] > due_at, next_at=rhythm.next_after(now))


def newest_ticks(rhythm: Rhythm, *, since: datetime, until: datetime, count: int) -> tuple[datetime, ...]:
    """The last `count` ticks from `since`, itself a tick, to `until`, oldest first.

    Looks back over spans that double, so that the time taken grows with `count` and not with the
    length of an outage.
    """
    span = timedelta(seconds=1)
    while True:
        start = until - span
        is_whole = start <= since
        tick = since if is_whole else rhythm.next_after(start)
        found: deque[datetime] = deque(maxlen=count)
        while tick is not None and tick <= until:
            found.append(tick)
            tick = rhythm.next_after(tick)
        if is_whole or len(found) == count:
            return tuple(found)
        span *= 2
