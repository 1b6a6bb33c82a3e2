"""What operators do to projections: rebuild, pause, resume, swap, roll back, drop. Each leaves a record."""

from headrace.db.connection import Connection
from headrace.db.errors import open_transaction
from headrace.db.statements import statement
from headrace.errors import ConfigurationError, ProjectionNotFoundError
from headrace.events.lanes import record_action
from headrace.projections import store
from headrace.projections.build import CANDIDATE, Build
from headrace.projections.declaration import Declaration
from headrace.projections.swap import exchange, furthest

_PACKAGE = "headrace.projections"

_GATE_MILLISECONDS = "5000"


async def rebuild(
    connection: Connection, declaration: Declaration, *, reason: str | None = None, actor: str | None = None
) -> Build:
    """Begins another build of a projection, of the version declared; workers fill, verify and show it.

    Wants a transaction, as all of these do. Raises ProjectionNotFoundError where it has never begun, and
    ConfigurationError where another build is being made.
    """
    with open_transaction(connection, doing=f"rebuild {declaration.name}"):
        builds = await store.lock_projection(connection, declaration.name)
        if not builds:
            raise ProjectionNotFoundError(declaration.name)
        for one in builds:
            if one.state in CANDIDATE:
                raise ConfigurationError(
                    f"build {one.build} of projection {one.projection!r} is {one.state}; "
                    f"wait for it, or drop it: headrace projections drop {one.projection} {one.build}"
                )
        build = await store.begin_build(connection, declaration, builds, state="filling")
        await record_action(connection, build.name, "rebuild", {"version": build.version}, reason=reason, actor=actor)
        return build


async def want(
    connection: Connection,
    projection: str,
    build: int | None = None,
    *,
    is_forced: bool = False,
    reason: str | None = None,
    actor: str | None = None,
) -> Build:
    """Asks workers to show a build: the one given, or the one that is ready.

    A worker that has its fold does so once it is as far as the one shown. `is_forced` takes one that was found unfit
    too. Raises ProjectionNotFoundError, and ConfigurationError for a build that is filling, unfit or shown already.
    """
    with open_transaction(connection, doing=f"swap {projection}"):
        builds = await store.lock_projection(connection, projection)
        chosen = _chosen(builds, projection, build, states=CANDIDATE)
        is_right = chosen.state in ("ready", "kept") or (is_forced and chosen.state == "unfit")
        if not is_right:
            raise ConfigurationError(f"build {chosen.build} of projection {projection!r} is {chosen.state}")
        await connection.execute(statement(_PACKAGE, "mark_wanted"), projection, chosen.build)
        await record_action(connection, chosen.name, "swap", {"is_forced": is_forced}, reason=reason, actor=actor)
        return chosen


async def roll_back(
    connection: Connection,
    projection: str,
    *,
    as_it_is: bool = False,
    reason: str | None = None,
    actor: str | None = None,
) -> Build:
    """Asks workers to show the build again that was shown last before this one.

    `as_it_is` shows it here and now as far as it is, where no worker has its fold any more: readers go back in
    time by what it lacks. Raises ProjectionNotFoundError where none is kept, and one of `LOCKED` where a batch or a
    reader is in the way.
    """
    with open_transaction(connection, doing=f"roll {projection} back"):
        builds = await store.lock_projection(connection, projection)
        chosen = _chosen(builds, projection, None, states=("kept",))
        detail: dict[str, object] = {"is_rollback": True, "as_it_is": as_it_is}
        if as_it_is:
            live = _chosen(builds, projection, None, states=("live",))
            await connection.execute(statement(_PACKAGE, "bound_locks"), _GATE_MILLISECONDS)
            await store.hold_builds(connection, live.name, chosen.name)
            detail["position"] = await furthest(connection, chosen.name)
            detail["before"] = await furthest(connection, live.name)
            await exchange(connection, live, chosen)
        else:
            await connection.execute(statement(_PACKAGE, "mark_wanted"), projection, chosen.build)
        await record_action(connection, chosen.name, "swap", detail, reason=reason, actor=actor)
        return chosen


async def drop(
    connection: Connection, projection: str, build: int, *, reason: str | None = None, actor: str | None = None
) -> Build:
    """Drops a build's tables, and ends its subscription; not those of the one that is shown.

    A batch at work is waited for. Raises ProjectionNotFoundError, ConfigurationError for the one shown, and one of
    `LOCKED` where somebody reads its tables past the views.
    """
    with open_transaction(connection, doing=f"drop build {build} of {projection}"):
        builds = await store.lock_projection(connection, projection)
        chosen = _chosen(builds, projection, build, states=())
        if chosen.state == "live":
            raise ConfigurationError(f"build {build} of projection {projection!r} is the one that is read; swap first")
        await connection.execute(statement(_PACKAGE, "bound_locks"), _GATE_MILLISECONDS)
        await store.hold_builds(connection, chosen.name)
        await connection.execute(f'DROP SCHEMA "{chosen.name}" CASCADE')
        await connection.execute(statement(_PACKAGE, "forget_subscription"), chosen.name)
        await connection.execute(statement(_PACKAGE, "mark_dropped"), projection, build)
        await record_action(connection, chosen.name, "drop", {"state": chosen.state}, reason=reason, actor=actor)
        return chosen


def _chosen(builds: list[Build], projection: str, build: int | None, *, states: tuple[str, ...]) -> Build:
    """The build of this number that is still there, or the one last shown or begun in one of these states."""
    found = [
        one
        for one in builds
        if one.state != "dropped" and (one.build == build if build is not None else one.state in states)
    ]
    if not found:
        raise ProjectionNotFoundError(projection, build)
    return max(found, key=lambda one: ((one.shown_at is not None and one.shown_at) or one.began_at, one.build))
