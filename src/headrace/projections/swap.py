"""Shows another build in place of the one that serves, in one transaction, at a moment when it is as far."""

from collections.abc import Callable
from dataclasses import dataclass

from headrace.db.connecting import close
from headrace.db.connection import Connection
from headrace.db.pool import ConnectionPool
from headrace.db.statements import statement
from headrace.errors import ConfigurationError, ProjectionNotFoundError
from headrace.events.checkpoint import lane_positions
from headrace.events.lanes import record_action
from headrace.projections import store
from headrace.projections.build import Build
from headrace.projections.build_consumer import BuildConsumer, Folding

_PACKAGE = "headrace.projections"

_GATE_MILLISECONDS = "5000"
_VIEW_MILLISECONDS = "100"
"""How long readers may have to wait behind a swap that waits for an older reader."""


@dataclass(frozen=True, slots=True)
class Swapped:
    """What is shown now, what was shown before, and how far both had come."""

    build: int
    before: int
    position: int


async def swap(
    pool: ConnectionPool, build: Build, *, consumer_of: Callable[[Build], BuildConsumer], actor: str | None = None
) -> Swapped:
    """Lets the views show a build, once it has every event the one shown has.

    Both builds are held still meanwhile; the last events that the new one lacks are folded in this transaction. Raises
    one of `LOCKED` where a batch or a reader is in the way for too long: nothing has changed then, and it can be tried
    again. Raises ProjectionNotFoundError where the build is gone, and what its fold raises.
    """
    session = await pool.connect("projection swap")
    try:
        async with session.transaction():
            await session.execute(statement(_PACKAGE, "bound_locks"), _GATE_MILLISECONDS)
            builds = await store.lock_projection(session, build.projection)
            live = await _live_before(builds, build)
            await store.hold_builds(session, live.name, build.name)
            position = await furthest(session, live.name, build.name)
            await store.enter_schema(session, build.name)
            await consumer_of(build).advance_to(Folding(session), position)
            await exchange(session, live, build)
            detail: dict[str, object] = {"build": build.build, "before": live.build, "position": position}
            await record_action(session, build.name, "swap", detail, actor=actor)
        return Swapped(build.build, live.build, position)
    finally:
        await close(session)


async def exchange(connection: Connection, live: Build, build: Build) -> None:
    """Lets the views show a build and notes it; raises one of `LOCKED` rather than let readers wait."""
    await connection.execute(statement(_PACKAGE, "bound_locks"), _VIEW_MILLISECONDS)
    await store.show_build(connection, build)
    await connection.execute(statement(_PACKAGE, "mark_kept"), live.projection, live.build)
    await connection.execute(statement(_PACKAGE, "mark_live"), build.projection, build.build)


async def furthest(connection: Connection, *names: str) -> int:
    """The position of the furthest lane of these builds."""
    return max([at for name in names for _, at in await lane_positions(connection, name)], default=0)


async def _live_before(builds: list[Build], build: Build) -> Build:
    live = next((one for one in builds if one.state == "live"), None)
    if live is None or not any(one.build == build.build and one.state != "dropped" for one in builds):
        raise ProjectionNotFoundError(build.projection, build.build)
    if live.build == build.build:
        raise ConfigurationError(f"build {build.build} of projection {build.projection!r} is shown already")
    return live
