"""Retention over HTTP: what of jobs and events is due to go, letting it go, and bringing back what left the log."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import Field

from headrace.app import Headrace
from headrace.cleanup import CLEANUP, bring_back, due_events
from headrace.console.access.problem import Problem, ProblemError
from headrace.console.api.job_actions import EnqueuedJob
from headrace.console.api.need import needs
from headrace.console.api.page import Because, Cursor, Limit, Page, cursor_number
from headrace.console.api.route import principal_of
from headrace.events.restore import ArchivedPartition, Restored, list_archived
from headrace.events.retire import EventStep
from headrace.jobs.job import Unique
from headrace.jobs.retention import Retention
from headrace.jobs.retire import DayPlan, Step, plan_retention, retain_all

_PATIENCE = timedelta(seconds=20)


class Restoring(Because):
    """For how many days the partition is kept in the log."""

    days: float = Field(default=7, ge=1, le=3_660, allow_inf_nan=False)


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


@dataclass(frozen=True, slots=True)
class JobsRetained:
    """What was done, and whether nothing is left to do; else ask again, at once or where a step is postponed later."""

    steps: list[Step]
    is_done: bool


def retention_routes(app: Headrace, router: APIRouter) -> None:
    """Adds the routes of retention and of event archives."""

    @router.get("/job-retention", **needs("viewer", "jobs"))
    async def retention() -> JobsKept:
        """How this app keeps ended jobs, and what is due to go, day by day, oldest first."""
        async with app.pool.acquire() as connection:
            days = await plan_retention(connection, app.retention, now=app.clock.override())
        return JobsKept(app.retention, days)

    @router.post("/job-retention", **needs("admin", "jobs"))
    async def retain() -> JobsRetained:
        """Lets ended jobs go whose time is over, for twenty seconds or a little longer. Workers do so by themselves."""
        return JobsRetained(*await retain_all(app.pool, app.retention, now=app.clock.override(), patience=_PATIENCE))

    @router.get("/event-retention", name="retention", **needs("viewer", "events"))
    async def event_retention() -> EventsKept:
        """How this app keeps events, and the partitions of the log whose time is over, oldest first.

        Each says what is done with it, and one that has to stay why.
        """
        kept = app.event_retention
        async with app.pool.acquire() as connection:
            partitions = await due_events(connection, kept, clock=app.clock)
        return EventsKept(kept.periods, kept.archive is not None, list(kept.unarchived), partitions)

    @router.post("/event-retention", name="retain", status_code=201, **needs("admin", "events"))
    async def retain_events() -> EnqueuedJob:
        """Exports and drops events whose time is over, by a job of a worker, which does so by itself every ten minutes.

        The job's result tells what went and what has to stay. One that waits or runs already is answered.
        """
        done = await app.enqueue(CLEANUP, unique=Unique())
        return EnqueuedJob(done.id, done.is_new)

    @router.get("/event-archives", **needs("viewer", "events"))
    async def archives(cursor: Cursor = None, limit: Limit = 50) -> Page[ArchivedPartition]:
        """The partitions of the log that retention has dropped, and the files that have their events; oldest first."""
        async with app.pool.acquire() as connection:
            found = await list_archived(connection, after=cursor_number(cursor) or 0, limit=limit)
        return Page(found, str(found[-1].first_position) if len(found) == limit else None)

    @router.post("/event-archives/{partition}/restore", **needs("admin", "events"))
    async def restore(
        request: Request,
        partition: Annotated[str, Path(min_length=1, max_length=63)],
        wanted: Restoring | None = None,
    ) -> Restored:
        """Makes an exported partition a part of the log again, with the same positions and ids, for some days.

        It is answered when all is done, which may take minutes, and recorded as an operation. The file is looked for
        in the archive of this app, on the machine that serves it.
        """
        chosen = wanted or Restoring()
        folder = app.event_retention.folder
        async with app.pool.acquire() as connection:
            known = await list_archived(connection, partition=partition)
        if not known:
            raise ProblemError(Problem(404, f"this database has dropped no partition {partition!r} with events"))
        if folder is None:
            raise ProblemError(Problem(409, "this app has no archive; give it EventRetention(archive=...)"))
        file = known[0].file
        if file is None:
            raise ProblemError(Problem(409, f"partition {partition} went without an export; its events are gone"))
        return await bring_back(
            app.pool,
            folder / file,
            keep=timedelta(days=chosen.days),
            by=principal_of(request).name,
            reason=chosen.reason,
            now=app.clock.override(),
        )
