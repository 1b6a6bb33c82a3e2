"""`headrace events replay` and `headrace replays`: let a handler meet history again; look at that, and steer it."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import typer

from headrace.app import Headrace
from headrace.cli.events import parse_stream
from headrace.cli.period import period
from headrace.cli.rehearsal import rehearsed
from headrace.cli.session import Choice, login, opened
from headrace.errors import ReplayNotFoundError
from headrace.events.event import Stream
from headrace.events.filter import EventFilter
from headrace.replay.replay import Replay
from headrace.terminal import EXIT_NOT_FOUND, fail, moment, print_json, print_table, run

app = typer.Typer(no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Id = Annotated[UUID, typer.Argument(metavar="ID", help="The replay.")]


def replay(
    context: typer.Context,
    handler: Annotated[str, typer.Argument(metavar="HANDLER", help="The handler's name.")],
    *,
    types: Annotated[
        list[str] | None,
        typer.Option("--type", help="Only this event type; may be repeated. All it handles by default."),
    ] = None,
    since: Annotated[datetime | None, typer.Option(help="Only events recorded from this moment (UTC) on.")] = None,
    before: Annotated[datetime | None, typer.Option(help="Only events recorded before this moment (UTC).")] = None,
    after: Annotated[int, typer.Option(min=0, help="Only positions above this one.")] = 0,
    until: Annotated[int | None, typer.Option(min=0, help="Only positions up to this one.")] = None,
    stream: Annotated[str | None, typer.Option(metavar="TYPE/ID", help="Only events of this stream.")] = None,
    aggregate_type: Annotated[str | None, typer.Option(help="Only events of streams of this type.")] = None,
    tenant: Annotated[str | None, typer.Option(help="Only events of this tenant.")] = None,
    user: Annotated[str | None, typer.Option(help="Only events of this user.")] = None,
    correlation: Annotated[UUID | None, typer.Option(help="Only events of this correlation.")] = None,
    effects: Annotated[
        bool, typer.Option("--effects", help="Store the jobs and events that the handler makes.")
    ] = False,
    batch_size: Annotated[
        int | None, typer.Option(min=1, help="Events a batch; as the handler has it by default.")
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Why; it is kept with the replay.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what it would change and send; here, now, without a worker.")
    ] = False,
    patience: Annotated[str, typer.Option(help="How long a dry run may take, e.g. 30s, 10m.")] = "10m",
    samples: Annotated[int, typer.Option(min=0, max=1000, help="Of each change a dry run shows so many.")] = 3,
    as_json: Json = False,
) -> None:
    """Lets a handler meet events again, in a job of a worker; its jobs and events are kept back, its writes are not."""
    aggregate, name = parse_stream(stream)
    chosen = EventFilter(
        types=tuple(sorted(types)) if types else None,
        stream=Stream(aggregate, name) if aggregate is not None and name is not None else None,
        aggregate_type=aggregate_type,
        tenant_id=tenant,
        user_id=user,
        correlation_id=correlation,
        since=None if since is None else since.replace(tzinfo=UTC),
        before=None if before is None else before.replace(tzinfo=UTC),
    )

    if dry_run:
        longest = period(patience, option="--patience") or timedelta(0)
        options: dict[str, Any] = {"after": after, "until": until, "batch_size": batch_size, "most_samples": samples}
        run(rehearsed(context.obj, handler, chosen, patience=longest, as_json=as_json, **options))
        return

    async def begin(opened_app: Headrace) -> Replay:
        return await opened_app.replays.begin(
            handler,
            chosen,
            after=after,
            until=until,
            has_effects=effects,
            batch_size=batch_size,
            by=login(),
            reason=reason,
        )

    run(_one(context.obj, begin, as_json=as_json))


@app.command("list")
def list_(
    context: typer.Context,
    *,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
    as_json: Json = False,
) -> None:
    """Lists replays, newest first."""
    run(_list(context.obj, limit, as_json=as_json))


@app.command()
def show(context: typer.Context, replay_id: Id, *, as_json: Json = False) -> None:
    """Shows a replay: how far it is, and what it kept back."""
    run(_one(context.obj, lambda opened_app: opened_app.replays.show(replay_id), as_json=as_json))


@app.command()
def pause(context: typer.Context, replay_id: Id, *, as_json: Json = False) -> None:
    """Pauses a replay once its batch has ended."""
    run(_one(context.obj, lambda opened_app: opened_app.replays.pause(replay_id), as_json=as_json))


@app.command()
def resume(context: typer.Context, replay_id: Id, *, as_json: Json = False) -> None:
    """Goes on with a replay that is paused or has failed, from where it was."""
    run(_one(context.obj, lambda opened_app: opened_app.replays.resume(replay_id), as_json=as_json))


@app.command()
def cancel(context: typer.Context, replay_id: Id, *, as_json: Json = False) -> None:
    """Ends a replay where it is; what was written stays."""
    run(_one(context.obj, lambda opened_app: opened_app.replays.cancel(replay_id), as_json=as_json))


async def _one(choice: Choice, work: Callable[[Headrace], Awaitable[Replay]], *, as_json: bool) -> None:
    async with opened(choice) as opened_app:
        try:
            found = await work(opened_app)
        except ReplayNotFoundError as error:
            fail(str(error), EXIT_NOT_FOUND)
    if as_json:
        print_json(found)
        return
    typer.echo(
        f"replay {found.id} of {found.handler}: {found.state}, {found.percent:.0f} %, {found.event_count} events"
    )
    for what, counts in found.withheld.items():
        for name, count in sorted(counts.items()):
            typer.echo(f"  kept back: {count} {what} {name}")
    if found.last_error is not None:
        facts = found.last_error
        typer.echo(
            f"  fails at event {facts['position']} ({facts['event_type']}): {facts['error']}: {facts['message']}"
        )


async def _list(choice: Choice, limit: int, *, as_json: bool) -> None:
    async with opened(choice) as opened_app:
        found = await opened_app.replays.all(limit=limit)
    if as_json:
        print_json(found)
        return
    print_table(
        ("id", "handler", "state", "done", "events", "begun", "by", "why"),
        [
            (
                one.id,
                one.handler,
                one.state,
                f"{one.percent:.0f} %",
                one.event_count,
                moment(one.begun_at),
                one.actor,
                one.reason,
            )
            for one in found
        ],
    )
