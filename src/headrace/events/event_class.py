"""Retention classes: which there are, how wide their partitions are, and which of them a reader need not look at."""

import re
from collections.abc import Collection
from datetime import timedelta
from typing import Final

from headrace.context import RECORDS_OF_JOBS
from headrace.errors import ConfigurationError
from headrace.events.event import DOMAIN, EventType

OPERATIONAL: Final = "operational"
LIFECYCLE: Final = "lifecycle"
"""The class of the records of jobs, and of nothing else."""

CLASSES: Final = frozenset({DOMAIN, OPERATIONAL, LIFECYCLE})
"""The classes that are always there."""

RESERVED_PREFIX: Final = RECORDS_OF_JOBS
"""Types that begin so are records of jobs. They are in class `lifecycle`, and all that is there is such."""

CLASS_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,29}")

_DAY = timedelta(days=1)
_SHARES = 10
_UNENDING = timedelta(days=30)


def require_class(stamp: EventType, classes: frozenset[str]) -> None:
    """Raises ConfigurationError where an event type is of a retention class that is not there or not for it."""
    if stamp.retention not in classes:
        listed = ", ".join(sorted(classes))
        raise ConfigurationError(
            f"event {stamp.name!r} is of retention class {stamp.retention!r}, not one of this app's ({listed}); "
            f"add it: Headrace(event_retention=EventRetention(more={{{stamp.retention!r}: timedelta(...)}}))"
        )
    if stamp.name.startswith(RESERVED_PREFIX) != (stamp.retention == LIFECYCLE):
        raise ConfigurationError(
            f"event {stamp.name!r} is of retention class {stamp.retention!r}; types that begin with "
            f"{RESERVED_PREFIX!r} are records of jobs and of class {LIFECYCLE!r}, and no others are"
        )


def partition_span(period: timedelta | None) -> timedelta:
    """How wide the partitions of a class kept so long are: a tenth of it, in whole days, at least one.

    An event goes with its partition, so it stays by so much longer at most.
    """
    if period is None:
        return _UNENDING
    return max(_DAY, period // _SHARES // _DAY * _DAY)


def unwanted_class(types: Collection[str] | None) -> str:
    """The class that a reader of these types (None for all) can pass over; empty where there is none.

    One class and not the list of the others, since `<>` with a parameter prunes partitions in a plan that is
    kept, and `= ANY` with one does not.
    """
    if types is None:
        return ""
    of_jobs = sum(name.startswith(RESERVED_PREFIX) for name in types)
    if not of_jobs:
        return LIFECYCLE
    return DOMAIN if of_jobs == len(types) else ""
