"""`headrace queues`: list, pause, resume."""

from typing import Annotated, Any

import typer

from headrace.cli.session import Choice, login, opened
from headrace.jobs.queues import MOST_COUNTED, QueueSummary
from headrace.terminal import moment, print_json, print_table, run

app = typer.Typer(no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Name = Annotated[str, typer.Argument(help="The queue's name.")]
By = Annotated[str | None, typer.Option(help="Who does it; by default the login name.")]


@app.command("list")
def list_(context: typer.Context, *, as_json: Json = False) -> None:
    """Lists the queues with their pauses, jobs and workers."""
    run(_list(context.obj, as_json=as_json))


@app.command()
def pause(
    context: typer.Context,
    name: Name,
    *,
    reason: Annotated[str | None, typer.Option(help="Why; shown to whoever asks why a job does not run.")] = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Stops every worker from claiming jobs of a queue. Those that run go on."""
    run(_pause(context.obj, name, reason, by or login(), as_json=as_json))


@app.command()
def resume(context: typer.Context, name: Name, *, by: By = None, as_json: Json = False) -> None:
    """Lets workers claim jobs of a paused queue again, at once."""
    run(_resume(context.obj, name, by or login(), as_json=as_json))


async def _list(choice: Choice, *, as_json: bool) -> None:
    async with opened(choice) as opened_app:
        found = await opened_app.queues.all()
    if as_json:
        print_json([_document(one) for one in found])
        return
    print_table(
        ("queue", "due", "later", "running", "workers", "state"),
        [
            (
                one.name,
                _count(one.due_count),
                _count(one.later_count),
                one.running_count,
                one.worker_count,
                _state(one),
            )
            for one in found
        ],
    )


async def _pause(choice: Choice, name: str, reason: str | None, by: str, *, as_json: bool) -> None:
    async with opened(choice) as opened_app:
        _print(await opened_app.queues.pause(name, by=by, reason=reason), as_json=as_json)


async def _resume(choice: Choice, name: str, by: str, *, as_json: bool) -> None:
    async with opened(choice) as opened_app:
        _print(await opened_app.queues.resume(name, by=by), as_json=as_json)


def _print(queue: QueueSummary, *, as_json: bool) -> None:
    if as_json:
        print_json(_document(queue))
    else:
        typer.echo(f"queue {queue.name}: {_state(queue)}; {_count(queue.due_count)} due, {queue.running_count} running")


def _document(queue: QueueSummary) -> dict[str, Any]:
    return {"is_paused": queue.is_paused, **{name: getattr(queue, name) for name in QueueSummary.__slots__}}


def _state(queue: QueueSummary) -> str:
    if queue.paused_at is None:
        return "open"
    why = "" if queue.pause_reason is None else f": {queue.pause_reason}"
    return f"paused by {queue.paused_by} since {moment(queue.paused_at)}{why}"


def _count(count: int) -> str:
    return f"{count}+" if count >= MOST_COUNTED else str(count)
