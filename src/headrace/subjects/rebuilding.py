"""`rebuild-erased-data`, the job that makes a read model anew after an erasure, and drops the builds before."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from headrace.db.connection import Connection
from headrace.db.errors import LOCKED
from headrace.db.pool import ConnectionPool
from headrace.db.statements import statement
from headrace.events.read import head_position
from headrace.jobs.handle import Job
from headrace.jobs.outcome import Discard, Snooze
from headrace.projections import operate, store
from headrace.projections.build import Build
from headrace.projections.declaration import Declarations
from headrace.projections.survey import BuildDetail, list_details
from headrace.subjects.next_step import next_step

REBUILD_ERASED = "rebuild-erased-data"
_PACKAGE = "headrace.subjects"
_LOOK = timedelta(seconds=1)
_LOOK_FOR_SOMEBODY = timedelta(seconds=30)


class RebuildErased(msgspec.Struct, frozen=True):
    """The args of a `rebuild-erased-data` job: which erasure, where it stands in the log, which projection."""

    erasure_id: UUID
    position: int
    projection: str


class Rebuilt(msgspec.Struct, frozen=True):
    """What such a job came to: the build that serves, None where the projection is gone; the builds dropped."""

    build: int | None
    dropped: list[int]


class Rebuilding:
    """The handler of these jobs: begins a build and looks at it from time to time; workers fill, verify and show it.

    Between two looks the job is snoozed and holds no worker. Erasures that come while a build is filled share
    the next one.
    """

    def __init__(self, declarations: Declarations, *, pool: Callable[[], ConnectionPool]) -> None:
        self._declarations = declarations
        self._pool = pool

    async def run(self, args: RebuildErased, job: Job) -> Any:
        """One look, and the step it asks for. Raises Snooze, and Discard where the build was found unfit."""
        async with self._pool().acquire() as connection:
            builds = await store.list_builds(connection, args.projection)
            step = next_step(builds, args.position)
            found = await _detail(connection, step.build)
        match step.action:
            case "wait" | "ask":
                assert found is not None  # noqa: S101 - both are steps about a build
                _report(job, found)
                is_standing = step.action == "ask" or found.paused_at is not None
                raise Snooze(_LOOK_FOR_SOMEBODY if is_standing else _LOOK)
            case "fail":
                raise Discard(
                    f"the build of {args.projection!r} without what was erased was found unfit; see `headrace"
                    f" projections show {args.projection}`, mend its fold, drop the build, and run this job again"
                )
            case "begin":
                await self._begin(args, step.stale, job)
                raise Snooze(_LOOK)
            case "clear":
                return await self._finish(args, step.build, step.stale, job)

    async def _begin(self, args: RebuildErased, stale: tuple[Build, ...], job: Job) -> None:
        if all(one.name != args.projection for one in self._declarations):
            # Every app has this handler, and any of them may have been given the job.
            job.progress(0, message=f"waits for a worker whose app declares {args.projection!r}")
            return
        declaration = self._declarations.newest(args.projection)
        if await head_position(self._pool()) < args.position:
            return
        async with _unhindered(), self._pool().acquire() as connection, connection.transaction():
            for build in stale:
                await operate.drop(connection, args.projection, build.build, reason=_reason(args), actor=_actor(job))
            builds = await store.lock_projection(connection, args.projection)
            # Another erasure's job may have been faster.
            if next_step(builds, args.position).action == "begin":
                await operate.rebuild(connection, declaration, reason=_reason(args), actor=_actor(job))

    async def _finish(self, args: RebuildErased, live: Build | None, stale: tuple[Build, ...], job: Job) -> None:
        """Drops every build that may hold what was erased and keeps the proof, with the job's completion."""
        async with _unhindered(), job.transaction() as unit:
            for build in stale:
                await operate.drop(
                    unit.connection, args.projection, build.build, reason=_reason(args), actor=_actor(job)
                )
            shown = None if live is None else live.build
            await unit.execute(statement(_PACKAGE, "record_rebuilt"), args.erasure_id, args.projection, shown)
            unit.result = Rebuilt(shown, [build.build for build in stale])


async def _detail(connection: Connection, build: Build | None) -> BuildDetail | None:
    if build is None:
        return None
    return next(one for one in await list_details(connection, build.projection) if one.build == build.build)


@asynccontextmanager
async def _unhindered() -> AsyncGenerator[None]:
    """Somebody who reads a build's tables is waited for by trying again."""
    try:
        yield
    except LOCKED as error:
        raise Snooze(_LOOK) from error


def _report(job: Job, found: BuildDetail) -> None:
    waits = {
        "filling": f"build {found.build} is filling" if found.paused_at is None else f"build {found.build} is paused",
        "ready": f"build {found.build} is about to be shown"
        if found.swaps_itself or found.is_wanted
        else f"build {found.build} waits for `headrace projections swap {found.projection}`",
    }
    eta = "" if found.eta is None else f", {found.eta.total_seconds():.0f} s left"
    job.progress(found.position or 0, total=found.head, message=waits[found.state] + eta)


def _reason(args: RebuildErased) -> str:
    return f"erasure {args.erasure_id}"


def _actor(job: Job) -> str:
    return job.context.actor or job.kind
