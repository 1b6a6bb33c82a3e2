"""`headrace projections`: look at builds, rebuild, pause, resume, swap, roll back, drop and wait."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Annotated

import typer

from headrace.cli.build_text import facts, remarks, span, verdict
from headrace.cli.session import Choice, login, opened
from headrace.db.connection import Connection
from headrace.db.errors import LOCKED
from headrace.db.listener import HEAD_CHANNEL
from headrace.errors import ProjectionNotFoundError, SubscriptionNotFoundError
from headrace.events import operate as subscriptions
from headrace.projections import operate
from headrace.projections.build import CANDIDATE
from headrace.projections.settling import settling, wait_until_settled
from headrace.projections.survey import BuildDetail, list_details
from headrace.terminal import EXIT_NOT_FOUND, fail, moment, print_json, print_table, run

app = typer.Typer(no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The projection.")]
Number = Annotated[int | None, typer.Argument(metavar="BUILD", help="The build; else the one being made.")]
Reason = Annotated[str | None, typer.Option(help="Why; it is kept with the action.")]


@app.command("list")
def list_(
    context: typer.Context,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Those that were dropped too.")] = False,
    as_json: Json = False,
) -> None:
    """Lists the builds of every projection: state, progress, and how long a rebuild still takes."""
    run(_list(context.obj, everything=everything, as_json=as_json))


@app.command()
def show(context: typer.Context, name: Name, *, as_json: Json = False) -> None:
    """Shows the builds of a projection, with what verifying them has found."""
    run(_show(context.obj, name, as_json=as_json))


@app.command()
def rebuild(context: typer.Context, name: Name, *, reason: Reason = None) -> None:
    """Begins another build of the version your app declares; workers fill, verify and show it. Needs --app."""
    run(_rebuild(context.obj, name, reason))


@app.command()
def pause(context: typer.Context, name: Name, build: Number = None, *, reason: Reason = None) -> None:
    """Pauses the build being made, or the one given; a batch at work still ends."""
    run(_pause(context.obj, name, build, reason))


@app.command()
def resume(context: typer.Context, name: Name, build: Number = None, *, reason: Reason = None) -> None:
    """Lets the build being made, or the one given, go on."""
    run(_resume(context.obj, name, build, reason))


@app.command()
def swap(
    context: typer.Context,
    name: Name,
    build: Number = None,
    *,
    force: Annotated[bool, typer.Option("--force", help="Also one that was found unfit.")] = False,
    reason: Reason = None,
) -> None:
    """Asks workers to show the build that is ready, or the one given, in place of the one that serves."""
    run(_swap(context.obj, name, build, reason, is_forced=force))


@app.command()
def rollback(
    context: typer.Context,
    name: Name,
    *,
    as_it_is: Annotated[
        bool, typer.Option("--as-it-is", help="At once, as far as it is; where no worker has its fold any more.")
    ] = False,
    reason: Reason = None,
) -> None:
    """Asks workers to show the build again that was shown before this one."""
    run(_rollback(context.obj, name, reason, as_it_is=as_it_is))


@app.command()
def drop(
    context: typer.Context,
    name: Name,
    build: Annotated[int, typer.Argument(metavar="BUILD", help="The build whose tables go; not the one that serves.")],
    *,
    reason: Reason = None,
) -> None:
    """Drops the tables of a build."""
    run(_drop(context.obj, name, build, reason))


@app.command()
def wait(
    context: typer.Context,
    name: Name,
    *,
    timeout: Annotated[float, typer.Option(min=0, help="So many seconds at most.")] = 3600,
) -> None:
    """Waits until no build of a projection is being made or about to be shown, and tells how far it is."""
    run(_wait(context.obj, name, timedelta(seconds=timeout)))


async def _list(choice: Choice, *, everything: bool, as_json: bool) -> None:
    async with opened(choice) as app, app.pool.acquire() as connection:
        found = [one for one in await list_details(connection) if everything or one.state != "dropped"]
    if as_json:
        print_json([facts(one) for one in found])
        return
    print_table(
        ("projection", "build", "version", "state", "position", "behind", "progress", "ETA", "remarks"),
        [
            (
                one.projection,
                one.build,
                one.version,
                one.state,
                one.position,
                one.behind,
                f"{one.progress:.0%}" if one.state == "filling" else "",
                span(one.eta),
                remarks(one),
            )
            for one in found
        ],
    )


async def _show(choice: Choice, name: str, *, as_json: bool) -> None:
    found = await _details(choice, name)
    if as_json:
        print_json([facts(one) for one in found])
        return
    for one in found:
        typer.echo(f"{one.projection} build {one.build}, version {one.version}: {one.state}")
        told = {
            "tables": ", ".join(f"{one.view_schema}.{table}" for table in one.tables),
            "position": "" if one.position is None else f"{one.position}, {one.behind} behind the head",
            "began": moment(one.began_at),
            "filled": moment(one.filled_at),
            "verified": moment(one.verified_at),
            "shown": moment(one.shown_at),
            "dropped": moment(one.dropped_at),
            "found": verdict(one),
            "remarks": remarks(one),
        }
        for label, text in told.items():
            if text:
                typer.echo(f"  {label}: {text}")


async def _rebuild(choice: Choice, name: str, reason: str | None) -> None:
    async with opened(choice) as app:
        try:
            build = await app.projections.rebuild(name, reason=reason, actor=login())
        except ProjectionNotFoundError as error:
            fail(str(error), EXIT_NOT_FOUND)
        app.notify(HEAD_CHANNEL)
    typer.echo(f"{name}: build {build.build} of version {build.version} is begun; `headrace projections wait {name}`")


async def _pause(choice: Choice, name: str, build: int | None, reason: str | None) -> None:
    async with _acting(choice) as connection:
        chosen = await _subscription(connection, name, build)
        is_new = await subscriptions.pause(connection, chosen, reason=reason, actor=login())
    typer.echo(f"{chosen} is paused" if is_new else f"{chosen} was paused already")


async def _resume(choice: Choice, name: str, build: int | None, reason: str | None) -> None:
    async with _acting(choice) as connection:
        chosen = await _subscription(connection, name, build)
        is_new = await subscriptions.resume(connection, chosen, reason=reason, actor=login())
    typer.echo(f"{chosen} goes on" if is_new else f"{chosen} was neither paused nor resting")


async def _swap(choice: Choice, name: str, build: int | None, reason: str | None, *, is_forced: bool) -> None:
    async with _acting(choice) as connection:
        chosen = await operate.want(connection, name, build, is_forced=is_forced, reason=reason, actor=login())
    typer.echo(f"{name}: build {chosen.build} is shown once it is as far; `headrace projections wait {name}`")


async def _rollback(choice: Choice, name: str, reason: str | None, *, as_it_is: bool) -> None:
    async with _acting(choice) as connection:
        chosen = await operate.roll_back(connection, name, as_it_is=as_it_is, reason=reason, actor=login())
    when = "is shown" if as_it_is else f"is shown once it is as far; `headrace projections wait {name}`"
    typer.echo(f"{name}: build {chosen.build} {when}")


async def _drop(choice: Choice, name: str, build: int, reason: str | None) -> None:
    async with _acting(choice) as connection:
        await operate.drop(connection, name, build, reason=reason, actor=login())
    typer.echo(f"{name}: build {build} is dropped")


async def _wait(choice: Choice, name: str, timeout: timedelta) -> None:
    told = ""

    def tell(busy: Sequence[BuildDetail]) -> None:
        nonlocal told
        line = f"{name}: build {busy[0].build} is {busy[0].state}, {busy[0].progress:.0%} {span(busy[0].eta)}".rstrip()
        if line != told:
            typer.echo(line)
            told = line

    async with opened(choice) as app:
        try:
            found = await wait_until_settled(app.pool, name, patience=timeout, on_look=tell)
        except ProjectionNotFoundError as error:
            fail(str(error), EXIT_NOT_FOUND)
    if busy := settling(found):
        fail(f"{name}: not done within {timeout}: {remarks(busy[0]) or busy[0].state}")
    unfit = next((one for one in found if one.state == "unfit"), None)
    if unfit is not None:
        fail(f"{name}: build {unfit.build} is unfit: {verdict(unfit)}")
    live = next((one for one in found if one.state == "live"), None)
    typer.echo(f"{name}: build {live.build} serves" if live else f"{name}: no build serves")


async def _details(choice: Choice, name: str) -> list[BuildDetail]:
    async with opened(choice) as app, app.pool.acquire() as connection:
        try:
            return await list_details(connection, name)
        except ProjectionNotFoundError as error:
            fail(str(error), EXIT_NOT_FOUND)


async def _subscription(connection: Connection, name: str, build: int | None) -> str:
    """The subscription of the build given, of the one being made, or of the one that serves."""
    found = [one for one in await list_details(connection, name) if one.state != "dropped"]
    wanted = [one for one in found if one.build == build] if build is not None else _most_wanted(found)
    if not wanted:
        raise ProjectionNotFoundError(name, build)
    return f"{name}__{wanted[0].build}"


def _most_wanted(found: list[BuildDetail]) -> list[BuildDetail]:
    return [one for one in found if one.state in CANDIDATE] or [one for one in found if one.state == "live"]


@asynccontextmanager
async def _acting(choice: Choice) -> AsyncGenerator[Connection]:
    """A transaction for one action; wakes the workers after it. What is not there ends the program."""
    async with opened(choice) as app:
        try:
            async with app.transaction() as unit:
                yield unit.connection
        except (ProjectionNotFoundError, SubscriptionNotFoundError) as error:
            fail(str(error), EXIT_NOT_FOUND)
        except LOCKED as error:
            fail(f"somebody is in the way, and nothing was changed: {error}; try again")
        app.notify(HEAD_CHANNEL)
