"""What a dry run found, in lines for people or as JSON."""

import sys
from typing import Any

import msgspec
import typer

from headrace.cli.session import Choice, opened
from headrace.events.filter import EventFilter
from headrace.replay.changes import RowChange, TableChanges
from headrace.replay.rehearsal import Rehearsal
from headrace.terminal import print_json

_STOPPED = {
    "patience": "its time was over; --patience gives it more",
    "in the way": "another session came to wait for what it had locked",
}


async def rehearsed(choice: Choice, handler: str, chosen: EventFilter, *, as_json: bool, **options: Any) -> None:
    """Runs a dry run in this process and prints what it found."""
    async with opened(choice) as app:
        found = await app.replays.rehearse(handler, chosen, on_progress=_progress, **options)
    if sys.stderr.isatty():
        typer.echo(err=True)
    if as_json:
        print_json(found)
        return
    _print(found)


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        typer.echo(f"\r{100 * done // max(total, 1):>3} %", nl=False, err=True)


def _print(found: Rehearsal) -> None:
    typer.echo(
        f"dry run of {found.handler}: {found.event_count} events up to position {found.position}, nothing is changed"
    )
    if found.stopped_because is not None:
        typer.echo(f"stopped before {found.until}: {_STOPPED[found.stopped_because]}")
    for table in found.tables:
        typer.echo(_counted(table))
        for change in table.samples:
            typer.echo(f"  {_sample(change)}")
    _print_sent("would enqueue", found.jobs, found.job_samples)
    _print_sent("would append", found.events, found.event_samples)
    if not (found.tables or found.jobs or found.events):
        typer.echo("it would change and send nothing")


def _counted(table: TableChanges) -> str:
    text = (
        f"{table.table}: {table.inserted_count} inserted, {table.updated_count} updated, {table.deleted_count} deleted"
    )
    if table.unchanged_count:
        text += f", {table.unchanged_count} written as they were"
    return text if table.has_key else f"{text} (no primary key: rows cannot be told apart)"


def _sample(change: RowChange) -> str:
    match change.change:
        case "inserted":
            return f"+ {_json(change.after)}"
        case "deleted":
            return f"- {_json(change.before)}"
        case "updated":
            return f"~ {_json(change.key)}: {_json(change.before)} -> {_json(change.after)}"


def _print_sent(what: str, counts: dict[str, int], samples: dict[str, list[Any]]) -> None:
    for name, count in sorted(counts.items()):
        typer.echo(f"{what} {count} {name}")
        for sample in samples.get(name, ()):
            typer.echo(f"  {_json(sample)}")


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
