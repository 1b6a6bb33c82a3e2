"""Projections over HTTP: their builds, rebuild, pause, resume, swap, roll back, drop and wait."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field

from headrace.app import Headrace
from headrace.console.api.need import needs
from headrace.console.api.page import Because, Listed
from headrace.console.api.route import principal_of
from headrace.console.api.subscriptions import acting
from headrace.db.connection import Connection
from headrace.db.listener import HEAD_CHANNEL
from headrace.errors import ProjectionNotFoundError
from headrace.events import operate as subscriptions
from headrace.projections import operate
from headrace.projections.build import CANDIDATE
from headrace.projections.settling import settling, wait_until_settled
from headrace.projections.survey import BuildDetail, list_details

ProjectionName = Annotated[str, Path(min_length=1, max_length=200)]
BuildNumber = Annotated[int, Field(ge=1, le=2**31 - 1)]


class Chosen(Because):
    """Which build; else the one being made."""

    build: BuildNumber | None = None


class Swap(Chosen):
    """Which build is shown; `force` takes one that was found unfit too."""

    force: bool = False


class Rollback(Because):
    """`as_it_is`: at once, as far as it is, where no worker has its fold any more."""

    as_it_is: bool = False


@dataclass(frozen=True, slots=True)
class BuildProgress:
    """A build, how many positions it is behind the head, how much of the log it has passed, and how long it takes."""

    detail: BuildDetail
    behind: int
    progress: float
    eta: timedelta | None


@dataclass(frozen=True, slots=True)
class Settled:
    """Whether no build is being made or about to be shown any more, and the builds as they were then."""

    is_settled: bool
    builds: list[BuildProgress]


def projection_routes(app: Headrace, router: APIRouter) -> None:
    """Adds the routes of projections."""

    @router.get("/projections", **needs("viewer", "projections"))
    async def list_() -> Listed[BuildProgress]:
        """The builds of every projection, those that were dropped left out."""
        return await _builds(app, None)

    # Before the one that would take it for a name.
    @router.get("/projections/{name:path}/wait", **needs("viewer", "projections"))
    async def wait(
        name: ProjectionName,
        timeout: Annotated[float, Query(ge=0, le=60, description="So many seconds at most.")] = 30,
    ) -> Settled:
        """Answers once no build of a projection is being made or about to be shown, or when the time is over.

        A build that was found unfit stays so, with its verdict. Ask again where it `is_settled` not.
        """
        found = await wait_until_settled(app.pool, name, patience=timedelta(seconds=timeout))
        return Settled(not settling(found), _told(found))

    @router.get("/projections/{name:path}", **needs("viewer", "projections"))
    async def show(name: ProjectionName) -> Listed[BuildProgress]:
        """The builds of a projection."""
        return await _builds(app, name)

    @router.post("/projections/{name:path}/rebuild", status_code=201, **needs("operator", "projections"))
    async def rebuild(request: Request, name: ProjectionName, wanted: Because | None = None) -> Listed[BuildProgress]:
        """Begins another build of the version this app declares; workers fill, verify and show it."""
        reason = None if wanted is None else wanted.reason
        await app.projections.rebuild(name, reason=reason, actor=principal_of(request).name)
        app.notify(HEAD_CHANNEL)
        return await _builds(app, name)

    @router.post("/projections/{name:path}/pause", **needs("operator", "projections"))
    async def pause(request: Request, name: ProjectionName, wanted: Chosen | None = None) -> Listed[BuildProgress]:
        """Pauses a build; a batch at work still ends."""
        chosen = wanted or Chosen()
        async with acting(app) as connection:
            target = await _subscription(connection, name, chosen.build)
            await subscriptions.pause(connection, target, reason=chosen.reason, actor=principal_of(request).name)
        return await _builds(app, name)

    @router.post("/projections/{name:path}/resume", **needs("operator", "projections"))
    async def resume(request: Request, name: ProjectionName, wanted: Chosen | None = None) -> Listed[BuildProgress]:
        """Lets a build go on."""
        chosen = wanted or Chosen()
        async with acting(app) as connection:
            target = await _subscription(connection, name, chosen.build)
            await subscriptions.resume(connection, target, reason=chosen.reason, actor=principal_of(request).name)
        return await _builds(app, name)

    @router.post("/projections/{name:path}/swap", **needs("operator", "projections"))
    async def swap(request: Request, name: ProjectionName, wanted: Swap | None = None) -> Listed[BuildProgress]:
        """Asks workers to show a build in place of the one that serves."""
        chosen = wanted or Swap()
        async with acting(app) as connection:
            await operate.want(
                connection,
                name,
                chosen.build,
                is_forced=chosen.force,
                reason=chosen.reason,
                actor=principal_of(request).name,
            )
        return await _builds(app, name)

    @router.post("/projections/{name:path}/rollback", **needs("operator", "projections"))
    async def rollback(request: Request, name: ProjectionName, wanted: Rollback | None = None) -> Listed[BuildProgress]:
        """Asks workers to show the build again that was shown before this one."""
        chosen = wanted or Rollback()
        async with acting(app) as connection:
            await operate.roll_back(
                connection, name, as_it_is=chosen.as_it_is, reason=chosen.reason, actor=principal_of(request).name
            )
        return await _builds(app, name)

    @router.delete("/projections/{name:path}/builds/{build}", **needs("admin", "projections"))
    async def drop(
        request: Request, name: ProjectionName, build: Annotated[int, Path(ge=1, le=2**31 - 1)]
    ) -> Listed[BuildProgress]:
        """Drops the tables of a build; not of the one that serves."""
        async with acting(app) as connection:
            await operate.drop(connection, name, build, actor=principal_of(request).name)
        return await _builds(app, name)


async def _builds(app: Headrace, name: str | None) -> Listed[BuildProgress]:
    async with app.pool.acquire() as connection:
        found = await list_details(connection, name)
    return Listed(_told(found))


def _told(builds: list[BuildDetail]) -> list[BuildProgress]:
    return [BuildProgress(one, one.behind, one.progress, one.eta) for one in builds if one.state != "dropped"]


async def _subscription(connection: Connection, name: str, build: int | None) -> str:
    """The subscription of the build given, of the one being made, or of the one that serves."""
    found = [one for one in await list_details(connection, name) if one.state != "dropped"]
    if build is not None:
        wanted = [one for one in found if one.build == build]
    else:
        wanted = [one for one in found if one.state in CANDIDATE] or [one for one in found if one.state == "live"]
    if not wanted:
        raise ProjectionNotFoundError(name, build)
    return f"{name}__{wanted[0].build}"
