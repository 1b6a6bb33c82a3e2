"""Retention over HTTP: how long ended jobs and events are kept, what is due to go, and what has left the log."""

from dataclasses import dataclass
from datetime import timedelta

from fastapi import APIRouter

from headrace.app import Headrace
from headrace.cleanup import due_events
from headrace.console.api.need import needs
from headrace.console.api.page import Cursor, Limit, Page, cursor_number
from headrace.events.restore import ArchivedPartition, list_archived
from headrace.events.retire import EventStep
from headrace.jobs.retention import Retention
from headrace.jobs.retire import DayPlan, plan_retention


@dataclass(frozen=True, slots=True)
class JobsKept:
    """How long ended jobs are kept by how they ended, null for ever, and the days of which some are due to go."""

    kept: Retention
    days: list[DayPlan]


@dataclass(frozen=True, slots=True)
class EventsKept:
    """How long events are kept by their class, null for ever, and the partitions of the log that are due to go.

    They are exported first where there `is_archive`; without one only events of the classes `unarchived` go.
    """

    kept: dict[str, timedelta | None]
    is_archive: bool
    unarchived: list[str]
    partitions: list[EventStep]


def retention_routes(app: Headrace, router: APIRouter) -> None:
    """Adds the routes of retention and of event archives."""

    @router.get("/job-retention", **needs("viewer", "jobs"))
    async def retention() -> JobsKept:
        """How this app keeps ended jobs, and what is due to go, day by day, oldest first."""
        async with app.pool.acquire() as connection:
            days = await plan_retention(connection, app.retention, now=app.clock.override())
        return JobsKept(app.retention, days)

    @router.get("/event-retention", name="retention", **needs("viewer", "events"))
    async def event_retention() -> EventsKept:
        """How this app keeps events, and the partitions of the log whose time is over, oldest first.

        Each says what is done with it, and one that has to stay why.
        """
        kept = app.event_retention
        async with app.pool.acquire() as connection:
            partitions = await due_events(connection, kept, clock=app.clock)
        return EventsKept(kept.periods, kept.archive is not None, list(kept.unarchived), partitions)

    @router.get("/event-archives", **needs("viewer", "events"))
    async def archives(cursor: Cursor = None, limit: Limit = 50) -> Page[ArchivedPartition]:
        """The partitions of the log that retention has dropped, and the files that have their events; oldest first."""
        async with app.pool.acquire() as connection:
            found = await list_archived(connection, after=cursor_number(cursor) or 0, limit=limit)
        return Page(found, str(found[-1].first_position) if len(found) == limit else None)
