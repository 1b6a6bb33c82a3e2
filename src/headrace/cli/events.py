"""`headrace events`: list and follow the log, describe its types."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated
from uuid import UUID

import typer

from headrace.app import Headrace
from headrace.cli.session import Choice, load_app, opened
from headrace.db.listener import HEAD_CHANNEL, Listener
from headrace.errors import HeadraceError
from headrace.events.browse import EventDetail, head_position, list_events
from headrace.events.json_schema import json_schema
from headrace.terminal import EXIT_NOT_FOUND, fail, moment, print_json, print_json_line, print_table, run

app = typer.Typer(no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Types = Annotated[list[str] | None, typer.Option("--type", help="Only this event type; may be repeated.")]
Correlation = Annotated[UUID | None, typer.Option(help="Only events of this correlation.")]
Stream = Annotated[str | None, typer.Option(metavar="TYPE/ID", help="Only events of this stream.")]

_PAGE = 500
_LONGEST_POLL_SECONDS = 1.0

Query = Callable[..., Awaitable[list[EventDetail]]]


@app.command("list")
def list_(
    context: typer.Context,
    *,
    types: Types = None,
    correlation: Correlation = None,
    stream: Stream = None,
    before: Annotated[int | None, typer.Option(help="Only positions below this one.")] = None,
    after: Annotated[int | None, typer.Option(help="Only positions above this one.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many.")] = 50,
    as_json: Json = False,
) -> None:
    """Lists events, newest first."""
    aggregate_type, aggregate_id = parse_stream(stream)
    query = partial(
        list_events,
        types=types or None,
        correlation_id=correlation,
        aggregate_type=aggregate_type,
        aggregate_id=aggregate_id,
        before=before,
        after=after,
        limit=limit,
    )
    run(_list(context.obj, query, as_json=as_json))


@app.command()
def tail(
    context: typer.Context,
    *,
    types: Types = None,
    correlation: Correlation = None,
    stream: Stream = None,
    last: Annotated[int, typer.Option("--last", "-n", min=0, max=10_000, help="Show the last so many first.")] = 10,
    follow: Annotated[bool, typer.Option(help="Go on until interrupted.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document a line.")] = False,
) -> None:
    """Shows the last events, then each new one as it becomes readable."""
    aggregate_type, aggregate_id = parse_stream(stream)
    query = partial(
        list_events,
        types=types or None,
        correlation_id=correlation,
        aggregate_type=aggregate_type,
        aggregate_id=aggregate_id,
    )
    run(_tail(context.obj, query, last, follow=follow, as_json=as_json))


@app.command()
def schema(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="Only this event type.")] = None,
) -> None:
    """Prints the JSON Schema of the event types that the app registers; asks no database."""
    try:
        known = {stamp.name: json_schema(stamp, cls) for stamp, cls in load_app(context.obj).events.classes()}
    except HeadraceError as error:
        fail(str(error))
    if name is None:
        print_json(known)
    elif name in known:
        print_json(known[name])
    else:
        fail(f"event type {name!r} is not registered (known: {', '.join(known) or 'none'})", EXIT_NOT_FOUND)


async def _list(choice: Choice, query: Query, *, as_json: bool) -> None:
    async with opened(choice) as app, app.pool.acquire() as connection:
        events = await query(connection)
    if as_json:
        print_json(events)
        return
    print_table(
        ("position", "type", "stream", "recorded", "data"),
        [(one.position, one.type, _stream_of(one), moment(one.recorded_at), one.data) for one in events],
    )


async def _tail(choice: Choice, query: Query, last: int, *, follow: bool, as_json: bool) -> None:
    woken = asyncio.Event()
    async with opened(choice) as app:
        listener = Listener(app.pool, telemetry=app.telemetry)
        listener.subscribe(HEAD_CHANNEL, woken.set)
        if follow:
            listener.start()
        try:
            async with app.pool.acquire() as connection:
                position = await head_position(connection)
                page = await query(connection, before=position + 1, limit=last) if last else []
            _print_lines(page, as_json=as_json)
            while follow:
                woken.clear()
                position = await _print_since(app, query, position, as_json=as_json)
                await _wait(woken)
        finally:
            await listener.stop()


async def _print_since(app: Headrace, query: Query, position: int, *, as_json: bool) -> int:
    """Prints what became readable after a position, in pages of positions; the head it got to."""
    async with app.pool.acquire() as connection:
        head = await head_position(connection)
        while position < head:
            until = min(position + _PAGE, head)
            _print_lines(await query(connection, after=position, before=until + 1, limit=_PAGE), as_json=as_json)
            position = until
    return position


async def _wait(woken: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(_LONGEST_POLL_SECONDS):
            await woken.wait()
    except TimeoutError:
        return


def _print_lines(page: list[EventDetail], *, as_json: bool) -> None:
    for event in reversed(page):
        if as_json:
            print_json_line(event)
            continue
        typer.echo(
            f"{event.position:>8}  {moment(event.recorded_at)}  {event.type:<28} {_stream_of(event):<44} {event.data}"
        )


def _stream_of(event: EventDetail) -> str:
    return "" if event.aggregate_type is None else f"{event.aggregate_type}/{event.aggregate_id}"


def parse_stream(value: str | None) -> tuple[str | None, str | None]:
    """The two parts of TYPE/ID, None for none. Raises BadParameter for any other text."""
    if value is None:
        return None, None
    kind, slash, name = value.partition("/")
    if not (kind and slash and name):
        raise typer.BadParameter(f"--stream must be TYPE/ID, got {value!r}")
    return kind, name
