"""`headrace subscriptions`: look at them, and pause, resume, skip, replay and remove."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer

from headrace.cli.session import Choice, login, opened
from headrace.db.connection import Connection
from headrace.db.listener import HEAD_CHANNEL
from headrace.errors import ParkedStreamNotFoundError, SubscriptionNotFoundError
from headrace.events import operate
from headrace.events.survey import (
    COUNT_LIMIT,
    SubscriptionDetail,
    list_actions,
    list_parked,
    list_subscriptions,
)
from headrace.terminal import EXIT_NOT_FOUND, fail, moment, print_json, print_table, run

app = typer.Typer(no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The subscription, which is the handler's name.")]
Reason = Annotated[str | None, typer.Option(help="Why; it is kept with the action.")]


@app.command("list")
def list_(context: typer.Context, *, as_json: Json = False) -> None:
    """Lists subscriptions: how far each is, how far behind, and what is parked."""
    run(_list(context.obj, as_json=as_json))


@app.command()
def parked(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Only of this subscription.")] = None,
    *,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many.")] = 50,
    as_json: Json = False,
) -> None:
    """Lists parked streams: the event each waits at, why, and how many events wait behind it."""
    run(_parked(context.obj, name, limit, as_json=as_json))


@app.command()
def actions(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Only of this subscription.")] = None,
    *,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many.")] = 50,
    as_json: Json = False,
) -> None:
    """Lists what was done to subscriptions, by whom and why, newest first."""
    run(_actions(context.obj, name, limit, as_json=as_json))


@app.command()
def pause(context: typer.Context, name: Name, *, reason: Reason = None) -> None:
    """Pauses a subscription; batches at work still end."""
    run(_pause(context.obj, name, reason))


@app.command()
def resume(
    context: typer.Context,
    name: Name,
    position: Annotated[int | None, typer.Argument(help="Resume the stream parked at this event instead.")] = None,
    *,
    all_parked: Annotated[bool, typer.Option("--parked", help="Resume every parked stream instead.")] = False,
    reason: Reason = None,
) -> None:
    """Ends a subscription's pause and the rests of its lanes, or lets parked streams go on in order."""
    run(_resume(context.obj, name, position, reason, all_parked=all_parked))


@app.command()
def skip(
    context: typer.Context,
    name: Name,
    position: Annotated[int, typer.Argument(help="The event that a parked stream waits at.")],
    *,
    reason: Annotated[str, typer.Option(help="Why; it is kept with the event and its error.")],
) -> None:
    """Gives up an event that a parked stream waits at; the stream goes on with the next."""
    run(_skip(context.obj, name, position, reason))


@app.command()
def replay(
    context: typer.Context,
    name: Name,
    *,
    after: Annotated[
        int | None, typer.Option(min=0, help="Meet the events after this position again; 0 for all.")
    ] = None,
    since: Annotated[
        datetime | None, typer.Option(help="Meet the events recorded from this moment (UTC) on again.")
    ] = None,
    reason: Reason = None,
) -> None:
    """Takes a subscription back; what its handler wrote stays, so it has to bear the repetition."""
    if (after is None) == (since is None):
        raise typer.BadParameter("give one of --after and --since")
    run(_replay(context.obj, name, after, since, reason))


@app.command()
def remove(context: typer.Context, name: Name, *, reason: Reason = None) -> None:
    """Ends a subscription whose handler is gone, so that no events are kept for it; refused while a worker has it."""
    run(_remove(context.obj, name, reason))


async def _list(choice: Choice, *, as_json: bool) -> None:
    async with opened(choice) as app, app.pool.acquire() as connection:
        found = await list_subscriptions(connection)
    if as_json:
        print_json(found)
        return
    print_table(
        ("name", "mode", "lanes", "position", "behind", "for", "parked", "state"),
        [
            (
                one.name,
                one.mode,
                one.lane_count,
                one.position,
                f"{one.behind_count}+" if one.behind_count == COUNT_LIMIT else one.behind_count,
                f"{one.behind_seconds:.0f} s" if one.behind_count else "",
                f"{one.parked_events} in {one.parked_streams}" if one.parked_streams else "",
                _state(one),
            )
            for one in found
        ],
    )


async def _parked(choice: Choice, name: str | None, limit: int, *, as_json: bool) -> None:
    async with opened(choice) as app, app.pool.acquire() as connection:
        found = await list_parked(connection, name, limit=limit)
    if as_json:
        print_json(found)
        return
    print_table(
        ("subscription", "event", "type", "stream", "waiting", "parked", "state", "error"),
        [
            (
                one.subscription,
                one.position,
                one.event_type,
                f"{one.aggregate_type}/{one.aggregate_id}" if one.aggregate_type else "",
                one.event_count,
                moment(one.parked_at),
                one.state,
                _error(one.last_error),
            )
            for one in found
        ],
    )


async def _actions(choice: Choice, name: str | None, limit: int, *, as_json: bool) -> None:
    async with opened(choice) as app, app.pool.acquire() as connection:
        found = await list_actions(connection, name, limit=limit)
    if as_json:
        print_json(found)
        return
    print_table(
        ("when", "subscription", "action", "by", "why", "detail"),
        [(moment(one.acted_at), one.subscription, one.action, one.actor, one.reason, one.detail) for one in found],
    )


async def _pause(choice: Choice, name: str, reason: str | None) -> None:
    async with _acting(choice) as connection:
        is_new = await operate.pause(connection, name, reason=reason, actor=login())
    typer.echo(f"{name} is paused" if is_new else f"{name} was paused already")


async def _resume(choice: Choice, name: str, position: int | None, reason: str | None, *, all_parked: bool) -> None:
    async with _acting(choice) as connection:
        if position is None and not all_parked:
            is_new = await operate.resume(connection, name, reason=reason, actor=login())
            told = f"{name} goes on" if is_new else f"{name} was neither paused nor resting"
        else:
            count = await operate.resume_parked(connection, name, position, reason=reason, actor=login())
            told = f"{name}: parked streams resumed: {count}"
    typer.echo(told)


async def _skip(choice: Choice, name: str, position: int, reason: str) -> None:
    async with _acting(choice) as connection:
        await operate.skip(connection, name, position, reason=reason, actor=login())
    typer.echo(f"{name}: event {position} is skipped, its stream goes on")


async def _replay(choice: Choice, name: str, after: int | None, since: datetime | None, reason: str | None) -> None:
    async with _acting(choice) as connection:
        if since is not None:
            after = await operate.position_at(connection, since.replace(tzinfo=UTC))
        was = await operate.replay(connection, name, after=after or 0, reason=reason, actor=login())
    typer.echo(f"{name}: meets events after {after or 0} again, it had got to {was}")


async def _remove(choice: Choice, name: str, reason: str | None) -> None:
    async with _acting(choice) as connection:
        was = await operate.remove(connection, name, reason=reason, actor=login())
    typer.echo(f"{name} is removed, it had got to {was}")


@asynccontextmanager
async def _acting(choice: Choice) -> AsyncGenerator[Connection]:
    """A transaction for one action; wakes the consumers after it. What is not there ends the program."""
    async with opened(choice) as app:
        try:
            async with app.transaction() as unit:
                yield unit.connection
        except (SubscriptionNotFoundError, ParkedStreamNotFoundError) as error:
            fail(str(error), EXIT_NOT_FOUND)
        app.notify(HEAD_CHANNEL)


def _state(one: SubscriptionDetail) -> str:
    if one.paused_at is not None:
        because = f": {one.pause_reason}" if one.pause_reason else ""
        return f"paused by {one.paused_by or 'somebody'}{because}"
    if one.resting_count:
        return (
            f"{one.resting_count} of {one.lane_count} lanes rest until {moment(one.retry_at)}: {_error(one.last_error)}"
        )
    return "active"


def _error(facts: dict[str, str]) -> str:
    return f"{facts['error']}: {facts['message']}"
