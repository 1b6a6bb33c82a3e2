"""Pages of jobs for people who look: any filter, newest or oldest first, in bounded time. Reads only.

A filter that few jobs fit cannot be answered from an index. So jobs are walked in order of their ids, a stretch at
a time, until the page is full or the patience is at its end; the page says how far it got, and is gone on from there.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, Literal
from uuid import UUID

from headrace.db.connection import Connection, Row
from headrace.db.statements import statement
from headrace.errors import ConfigurationError
from headrace.ids import uuid7_floor, uuid7_moment
from headrace.jobs.job import TERMINAL, Priority, State
from headrace.jobs.selection import ARGS_SEARCHED, JobFilter

_PACKAGE = "headrace.jobs"
_FIRST_STRETCH = 120
_LONGEST_STRETCH = 4_000
_CLOCK_SLACK = timedelta(hours=1)
"""An id has the time of the machine that drew it, `created_at` the server's."""

Order = Literal["newest", "oldest"]


@dataclass(frozen=True, slots=True)
class JobLine:
    """One line of a list of jobs; the error is that of the last attempt, its message cut to 300 characters."""

    id: UUID
    kind: str
    queue: str
    priority: str
    parent_id: UUID | None
    state: State
    attempt: int
    max_attempts: int
    run_at: datetime
    claimed_at: datetime | None
    created_at: datetime
    ended_at: datetime | None
    duration: timedelta | None
    error_type: str | None
    error_message: str | None


@dataclass(frozen=True, slots=True)
class JobPage:
    """Jobs in order. `following` is the id to go on behind, None at the end.

    `is_cut` where patience ended before the page was full; `walked_count` jobs were looked at.
    """

    jobs: tuple[JobLine, ...]
    following: UUID | None
    is_cut: bool
    walked_count: int


@dataclass(slots=True)
class Walk:
    """How far one table has been walked, and what was found there."""

    name: Literal["living", "ended"]
    edge: UUID | None
    is_finished: bool = False
    found: list[JobLine] = field(default_factory=list[JobLine])
    walked_count: int = 0


async def search_jobs(
    connection: Connection,
    chosen: JobFilter,
    *,
    causation_id: UUID | None = None,
    order: Order = "newest",
    after: UUID | None = None,
    limit: int = 50,
    patience: timedelta = timedelta(milliseconds=30),
    now: datetime | None = None,
) -> JobPage:
    """A page of the jobs that fit, behind the id `after`; looks for about `patience`, at one stretch at least.

    `causation_id` asks for those of one cause besides.
    Raises ConfigurationError for a filter by ids, and for a limit below 1.
    """
    if chosen.ids:
        raise ConfigurationError(f"jobs known by id are not searched for, got {len(chosen.ids)} ids; use show_job")
    if limit < 1:
        raise ConfigurationError(f"limit must be at least 1, got {limit}")
    ends_at = time.monotonic() + patience.total_seconds()
    walks = [Walk(name, _start(chosen, after, order)) for name in _tables(chosen)]
    stretch = max(_FIRST_STRETCH, 2 * limit)
    while walks:
        page = merge(walks, order=order, limit=limit)
        if page is not None:
            return page
        # Of a table that was not walked at all nothing is known, not even where to go on.
        if all(walk.walked_count or walk.is_finished for walk in walks) and time.monotonic() > ends_at:
            return cut(walks, order=order, limit=limit)
        await _stretch(connection, _hindmost(walks, order), chosen, causation_id, order=order, count=stretch, now=now)
        stretch = min(2 * stretch, _LONGEST_STRETCH)
    return JobPage((), None, is_cut=False, walked_count=0)


def merge(walks: Sequence[Walk], *, order: Order, limit: int) -> JobPage | None:
    """The page, once nothing unseen can belong into it; None while something can."""
    certain = _certain(walks, order)
    if len(certain) > limit:
        return JobPage(tuple(certain[:limit]), certain[limit - 1].id, is_cut=False, walked_count=_walked(walks))
    if all(walk.is_finished for walk in walks):
        return JobPage(tuple(certain), None, is_cut=False, walked_count=_walked(walks))
    return None


def cut(walks: Sequence[Walk], *, order: Order, limit: int) -> JobPage:
    """What is certain so far, to be gone on behind the last job that every table was walked to."""
    certain = _certain(walks, order)[:limit]
    edges = [walk.edge for walk in walks if not walk.is_finished and walk.edge is not None]
    return JobPage(tuple(certain), _first(edges, order), is_cut=True, walked_count=_walked(walks))


def _certain(walks: Sequence[Walk], order: Order) -> list[JobLine]:
    """What was found up to the point that every table has been walked to, in order."""
    every = sorted((one for walk in walks for one in walk.found), key=attrgetter("id"), reverse=order == "newest")
    behind = [walk for walk in walks if not walk.is_finished]
    if any(walk.walked_count == 0 for walk in behind):
        return []
    edge = _first([walk.edge for walk in behind if walk.edge is not None], order)
    if edge is None:
        return every
    return [one for one in every if (one.id >= edge if order == "newest" else one.id <= edge)]


def _hindmost(walks: Sequence[Walk], order: Order) -> Walk:
    """The table that holds the page up: one not walked yet, or the one walked least far."""
    behind = [walk for walk in walks if not walk.is_finished]
    fresh = next((walk for walk in behind if walk.walked_count == 0), None)
    if fresh is not None:
        return fresh
    edge = _first([walk.edge for walk in behind if walk.edge is not None], order)
    return next(walk for walk in behind if walk.edge == edge)


def _first(edges: Sequence[UUID], order: Order) -> UUID | None:
    if not edges:
        return None
    return max(edges) if order == "newest" else min(edges)


def _walked(walks: Sequence[Walk]) -> int:
    return sum(walk.walked_count for walk in walks)


def _tables(chosen: JobFilter) -> list[Literal["living", "ended"]]:
    states = set(chosen.states)
    is_of_past = chosen.ended_after is not None or chosen.ended_before is not None
    found: list[Literal["living", "ended"]] = []
    if not is_of_past and (not states or states - TERMINAL):
        found.append("living")
    if not states or states & TERMINAL:
        found.append("ended")
    return found


def _start(chosen: JobFilter, after: UUID | None, order: Order) -> UUID | None:
    """Where to begin: behind a page, and not before the time that is asked for."""
    if order == "newest":
        bound = None if chosen.created_before is None else uuid7_floor(chosen.created_before + _CLOCK_SLACK)
        return min((one for one in (after, bound) if one is not None), default=None)
    bound = None if chosen.created_after is None else uuid7_floor(chosen.created_after - _CLOCK_SLACK)
    return max((one for one in (after, bound) if one is not None), default=None)


def _is_past_the_time(chosen: JobFilter, edge: UUID, order: Order) -> bool:
    if order == "newest":
        return chosen.created_after is not None and uuid7_moment(edge) < chosen.created_after - _CLOCK_SLACK
    return chosen.created_before is not None and uuid7_moment(edge) > chosen.created_before + _CLOCK_SLACK


async def _stretch(
    connection: Connection,
    walk: Walk,
    chosen: JobFilter,
    causation_id: UUID | None,
    *,
    order: Order,
    count: int,
    now: datetime | None,
) -> None:
    """Walks a table on, and adds what fits to what was found."""
    shared: tuple[Any, ...] = (
        walk.edge,
        count,
        list(chosen.states) or None,
        list(chosen.queues) or None,
        list(chosen.kinds) or None,
        chosen.tenant_id,
        chosen.correlation_id,
        chosen.parent_id,
        chosen.error_type,
        chosen.created_after,
        chosen.created_before,
        chosen.args_contain,
        ARGS_SEARCHED,
        order == "oldest",
    )
    if walk.name == "living":
        rows = await connection.fetch(statement(_PACKAGE, "walk_living"), *shared, now, causation_id)
    else:
        is_exceptional = bool(chosen.states) and "completed" not in chosen.states
        rows = await connection.fetch(
            statement(_PACKAGE, "walk_ended"),
            *shared,
            is_exceptional,
            chosen.ended_after,
            chosen.ended_before,
            causation_id,
        )
    walk.found += [_line(row) for row in rows if row["id"] is not None]
    walked_count: int = rows[0]["walked_count"]
    walk.walked_count += walked_count
    walk.edge = rows[0]["walked_to"] or walk.edge
    walk.is_finished = walked_count < count or (walk.edge is not None and _is_past_the_time(chosen, walk.edge, order))


def _line(row: Row) -> JobLine:
    plain = {name: row[name] for name in JobLine.__slots__ if name != "priority"}
    return JobLine(**plain, priority=Priority(row["priority"]).name.lower())
