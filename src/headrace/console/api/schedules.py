"""Schedules over HTTP: look at them, make, change, pause, trigger and delete them."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from msgspec import UNSET
from pydantic import Field

from headrace.app import Headrace
from headrace.console.api.job_actions import EnqueuedJob
from headrace.console.api.job_bodies import PriorityName
from headrace.console.api.need import needs
from headrace.console.api.page import Body, Listed, Name
from headrace.jobs.schedule import Schedule

ScheduleName = Annotated[str, Path(min_length=1, max_length=200)]
CatchUp = Literal["none", "last", "all"]
Every = Annotated[float, Field(ge=1, le=3_153_600_000, allow_inf_nan=False)]


class Edit(Body):
    """What of a schedule is changed; the rest stays. `cron` replaces `every_seconds` and the other way round."""

    kind: Name | None = None
    args: Any = None
    cron: str | None = Field(default=None, min_length=1, max_length=200)
    timezone: str | None = Field(default=None, min_length=1, max_length=100)
    every_seconds: Every | None = None
    catch_up: CatchUp | None = None
    catch_up_limit: int | None = Field(default=None, ge=1, le=10_000)
    queue: Name | None = None
    priority: PriorityName | None = None
    max_attempts: int | None = Field(default=None, ge=1, le=1_000)

    def options(self) -> dict[str, Any]:
        """The options it stands for, those that are given."""
        given = self.model_dump(exclude_unset=True, exclude_none=True, exclude={"args", "every_seconds"})
        if self.every_seconds is not None:
            given["every"] = timedelta(seconds=self.every_seconds)
        return given


class NewSchedule(Edit):
    """A schedule to make: its kind, and either `cron` or `every_seconds`."""

    name: Name
    kind: Name  # pyright: ignore[reportGeneralTypeIssues, reportIncompatibleVariableOverride] - a new one needs it


def schedule_routes(app: Headrace, router: APIRouter) -> None:
    """Adds the routes of schedules."""

    @router.get("/schedules", **needs("viewer", "schedules"))
    async def list_() -> Listed[Schedule]:
        """Every schedule, of all apps, in order of name."""
        return Listed(await app.schedules.all())

    @router.post("/schedules", status_code=201, **needs("operator", "schedules"))
    async def create(wanted: NewSchedule) -> Schedule:
        """Makes a schedule of a kind that this app registers or declares."""
        options = wanted.options()
        return await app.schedules.create(options.pop("name"), options.pop("kind"), wanted.args, **options)

    @router.get("/schedules/{name:path}", **needs("viewer", "schedules"))
    async def show(name: ScheduleName) -> Schedule:
        """One schedule: what it runs, when it ticks next, and its last job."""
        return await app.schedules.get(name)

    @router.patch("/schedules/{name:path}", **needs("operator", "schedules"))
    async def edit(name: ScheduleName, wanted: Edit) -> Schedule:
        """Changes what is given. One declared in code keeps the change until its declaration changes."""
        args = wanted.args if "args" in wanted.model_fields_set else UNSET
        return await app.schedules.edit(name, args=args, **wanted.options())

    @router.post("/schedules/{name:path}/pause", **needs("operator", "schedules"))
    async def pause(name: ScheduleName) -> Schedule:
        """Stops a schedule from ticking, through restarts and new versions of the code."""
        return await app.schedules.pause(name)

    @router.post("/schedules/{name:path}/resume", **needs("operator", "schedules"))
    async def resume(name: ScheduleName) -> Schedule:
        """Lets a paused schedule tick again; what fell into the pause is not caught up."""
        return await app.schedules.resume(name)

    @router.post("/schedules/{name:path}/trigger", status_code=201, **needs("operator", "schedules"))
    async def trigger(name: ScheduleName) -> EnqueuedJob:
        """Enqueues a schedule's job now, beside its ticks."""
        done = await app.schedules.trigger(name)
        return EnqueuedJob(done.id, done.is_new)

    @router.delete("/schedules/{name:path}", **needs("admin", "schedules"))
    async def delete(name: ScheduleName) -> Listed[Schedule]:
        """Removes a schedule that no code declares; the jobs it made stay. What is left is given."""
        await app.schedules.delete(name)
        return Listed(await app.schedules.all())
