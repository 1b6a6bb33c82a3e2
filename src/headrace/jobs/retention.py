"""How long ended jobs are kept, and what becomes of a day of them."""

from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID

from headrace.errors import ConfigurationError

MOST_MOVED = 1_000
"""So many jobs of a day at most are moved into a small partition; where more must stay, the others are deleted."""
WORTH_REWRITING = 1_000
"""A day is written anew for the sake of so many jobs that need not stay; fewer are deleted one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long jobs are kept after they have ended, by how they ended; None keeps them for ever.

    What belongs to a job goes with it: its errors, logs, steps, progress. Living jobs stay, and so do
    those that a living job depends on. Days go as a whole, so a job may stay up to a day longer.
    """

    completed: timedelta | None = timedelta(days=7)
    failed: timedelta | None = timedelta(days=30)
    cancelled: timedelta | None = timedelta(days=7)
    dead: timedelta | None = timedelta(days=30)

    def __post_init__(self) -> None:
        for one in fields(self):
            kept: timedelta | None = getattr(self, one.name)
            if kept is not None and kept < timedelta(0):
                raise ConfigurationError(f"{one.name} must not be negative, got {kept}; None keeps jobs for ever")

    @property
    def periods(self) -> tuple[timedelta | None, ...]:
        """Completed, failed, cancelled, dead."""
        return (self.completed, self.failed, self.cancelled, self.dead)

    def horizon(self, now: datetime) -> datetime | None:
        """The moment before which some job may go; None where all are kept for ever."""
        shortest = min((one for one in self.periods if one is not None), default=None)
        return None if shortest is None else now - shortest


@dataclass(frozen=True, slots=True)
class Day:
    """A UTC day of stored jobs: the ids from `low` to before `high`."""

    day: date
    is_partition: bool
    low: UUID
    high: UUID


@dataclass(frozen=True, slots=True)
class DayCount:
    """How many jobs of a day must stay, and how many ended ones need not; counted as far as it takes to decide."""

    kept_count: int
    expired_count: int


Fate = Literal["leave", "drop", "rewrite", "trim"]


def decide(day: Day, count: DayCount) -> Fate:
    """What becomes of a day: left as it is, dropped, dropped but for what must stay, or thinned out row by row."""
    if not day.is_partition:
        return "trim" if count.expired_count else "leave"
    if not count.kept_count:
        return "drop"
    if not count.expired_count:
        return "leave"
    is_worth_it = count.expired_count >= WORTH_REWRITING and count.kept_count <= MOST_MOVED
    return "rewrite" if is_worth_it else "trim"
