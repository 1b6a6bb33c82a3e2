"""`headrace events archive`: what has left the log, reading it where it is now, and bringing it back."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from headrace.cleanup import bring_back
from headrace.cli.session import Choice, login, opened
from headrace.errors import HeadraceError
from headrace.events.restore import list_archived, read_archive
from headrace.terminal import fail, moment, print_json, print_json_line, print_table, run

app = typer.Typer(no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
File = Annotated[Path, typer.Argument(help="The file with the events, or its manifest.")]


@app.command("list")
def list_(context: typer.Context, *, as_json: Json = False) -> None:
    """Lists the partitions of the log that were dropped, and the files that have their events."""
    run(_list(context.obj, as_json=as_json))


@app.command()
def read(
    file: File,
    *,
    types: Annotated[list[str] | None, typer.Option("--type", help="Only this event type; may be repeated.")] = None,
    after: Annotated[int, typer.Option(help="Only positions above this one.")] = 0,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many.")] = None,
) -> None:
    """Prints the events of a file, one JSON document a line, after a check of its SHA-256; asks no database."""
    shown = 0
    try:
        for event in read_archive(file):
            if event["position"] <= after or (types and event["type"] not in types):
                continue
            if shown == limit:
                break
            print_json_line(event)
            shown += 1
    except HeadraceError as error:
        fail(str(error))


@app.command()
def restore(
    context: typer.Context,
    file: File,
    *,
    keep: Annotated[int, typer.Option(metavar="DAYS", min=1, help="Keep it in the log for so many days.")] = 7,
    reason: Annotated[str | None, typer.Option(help="Why; it is kept with the operation.")] = None,
    as_json: Json = False,
) -> None:
    """Makes a file a partition of the log again, with the same positions and ids, for some days."""
    run(_restore(context.obj, file, timedelta(days=keep), reason, as_json=as_json))


async def _list(choice: Choice, *, as_json: bool) -> None:
    async with opened(choice) as app, app.pool.acquire() as connection:
        found = await list_archived(connection)
    if as_json:
        print_json(found)
        return
    print_table(
        ("partition", "class", "events", "positions", "dropped", "restored until", "file"),
        [
            (
                one.partition,
                one.retention,
                one.event_count,
                f"{one.first_position} to {one.last_position}",
                moment(one.dropped_at),
                moment(one.keep_until) if one.is_restored else "",
                one.file or "none",
            )
            for one in found
        ],
    )


async def _restore(choice: Choice, file: Path, keep: timedelta, reason: str | None, *, as_json: bool) -> None:
    async with opened(choice) as app:
        restored = await bring_back(app.pool, file, keep=keep, by=login(), reason=reason, now=app.clock.override())
    if as_json:
        print_json(restored)
        return
    what = "is in the log again" if restored.is_new else "was in the log already"
    typer.echo(f"{restored.partition} {what}, with {restored.event_count} events, for {keep.days} days")
