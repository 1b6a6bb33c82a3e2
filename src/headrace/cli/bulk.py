"""`headrace jobs bulk` and `headrace jobs dead`: what is done to many jobs at once, and to dead letters."""

import shlex
import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated, get_args
from uuid import UUID

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from headrace.app import Headrace
from headrace.cli.session import Choice, login, opened
from headrace.errors import ConfigurationError
from headrace.jobs.bulk import Deed, Verb
from headrace.jobs.dead import DeadGroup, list_dead
from headrace.jobs.job import STATES, Priority, State
from headrace.jobs.operation import Operation
from headrace.jobs.selection import JobFilter, Preview
from headrace.terminal import fail, moment, print_json, print_table, run

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def bulk(
    context: typer.Context,
    action: Annotated[str, typer.Argument(help="cancel, retry, reschedule, prioritise or delete.")],
    *,
    job: Annotated[list[UUID] | None, typer.Option("--id", help="This job; may be repeated.")] = None,
    state: Annotated[list[str] | None, typer.Option(help="Only this state; may be repeated.")] = None,
    queue: Annotated[list[str] | None, typer.Option(help="Only this queue; may be repeated.")] = None,
    kind: Annotated[list[str] | None, typer.Option(help="Only this kind; may be repeated.")] = None,
    tenant: Annotated[str | None, typer.Option(help="Only this tenant.")] = None,
    correlation: Annotated[UUID | None, typer.Option(help="Only jobs of this correlation.")] = None,
    parent: Annotated[UUID | None, typer.Option(help="Only children of this job.")] = None,
    error: Annotated[
        str | None, typer.Option(metavar="TYPE", help="Only jobs whose last error is of this type.")
    ] = None,
    created_after: Annotated[
        str | None, typer.Option(metavar="MOMENT", help="Only jobs enqueued then or later.")
    ] = None,
    created_before: Annotated[str | None, typer.Option(metavar="MOMENT", help="Only jobs enqueued before.")] = None,
    ended_after: Annotated[
        str | None, typer.Option(metavar="MOMENT", help="Only jobs that ended then or later.")
    ] = None,
    ended_before: Annotated[str | None, typer.Option(metavar="MOMENT", help="Only jobs that ended before.")] = None,
    args: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Only jobs whose args, as JSON, contain this.")
    ] = None,
    at: Annotated[str | None, typer.Option(metavar="MOMENT", help="For reschedule: when they are due, or now.")] = None,
    priority: Annotated[str | None, typer.Option(help="For prioritise: critical, high, normal or low.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count and show some; change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    reason: Annotated[str | None, typer.Option(help="Why; recorded.")] = None,
    by: Annotated[str | None, typer.Option(help="Who does it; by default the login name.")] = None,
    as_json: Json = False,
) -> None:
    """Does something to all jobs that fit every option given. Counts them first, shows some, and asks.

    A MOMENT is 2031-05-01, 2031-05-01T12:00 or 2031-05-01T12:00+02:00; without an offset it is local time.
    """
    try:
        deed = Deed(
            verb=_verb(action),
            filter=JobFilter(
                ids=tuple(job or ()),
                states=tuple(_state(one) for one in state or ()),
                queues=tuple(queue or ()),
                kinds=tuple(kind or ()),
                tenant_id=tenant,
                correlation_id=correlation,
                parent_id=parent,
                error_type=error,
                created_after=_moment(created_after),
                created_before=_moment(created_before),
                ended_after=_moment(ended_after),
                ended_before=_moment(ended_before),
                args_contain=args,
            ),
            run_at=_moment(at),
            priority=None if priority is None else _priority(priority),
        )
    except ConfigurationError as wrong:
        raise typer.BadParameter(str(wrong)) from wrong
    run(_bulk(context.obj, deed, by or login(), reason, is_dry=dry_run, is_sure=yes, as_json=as_json))


def dead(
    context: typer.Context,
    *,
    kind: Annotated[str | None, typer.Option(help="Only this kind.")] = None,
    queue: Annotated[str | None, typer.Option(help="Only this queue.")] = None,
    as_json: Json = False,
) -> None:
    """Shows the dead jobs by kind and type of error, and how to retry each group."""
    run(_dead(context.obj, kind, queue, as_json=as_json))


async def _bulk(
    choice: Choice, deed: Deed, by: str, reason: str | None, *, is_dry: bool, is_sure: bool, as_json: bool
) -> None:
    async with opened(choice) as app:
        found = await app.operations.preview(deed)
        if is_dry:
            _print_preview(deed, found, as_json=as_json)
            return
        if not is_sure:
            _print_preview(deed, found, as_json=False)
            _ask(deed, found)
        operation = await _run(app, deed, by, reason, found)
    if as_json:
        print_json(operation)
        return
    typer.echo(f"{told(operation)} (operation {operation.id})")


def told(operation: Operation) -> str:
    """What came of an operation, in one line."""
    followers = f", and {operation.follower_count} that depended on them" if operation.follower_count else ""
    changed = f"{operation.changed_count} of {operation.seen_count}"
    return f"{operation.action}: {changed}{followers}{told_held(operation.key_held_count)}"


def told_held(count: int) -> str:
    """The end of such a line: how many jobs stay ended for their unique keys; nothing for none."""
    return f"; {count} stay ended since other jobs hold their unique keys" if count else ""


async def _run(app: Headrace, deed: Deed, by: str, reason: str | None, found: Preview) -> Operation:
    columns = (TextColumn(deed.verb), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(deed.verb, total=found.count)
        return await app.operations.run(
            deed,
            by=by,
            reason=reason,
            total=found.count,
            on_progress=lambda seen, total: bar.update(task, completed=seen, total=max(seen, total)),
        )


def _ask(deed: Deed, found: Preview) -> None:
    if not sys.stdin.isatty():
        fail(f"{found.count} jobs fit, and nobody can be asked here; add --yes to {deed.verb} them")
    if not typer.confirm(f"{deed.verb} {found.count} jobs?"):
        raise typer.Exit(1)


def _print_preview(deed: Deed, found: Preview, *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    count = f"{found.count}" if found.is_exact else f"more than {found.count}"
    typer.echo(f"{deed.verb}: {count} jobs fit")
    if found.sample:
        print_table(
            ("id", "kind", "queue", "state", "last error"),
            [(one.id, one.kind, one.queue, one.state, one.error_type) for one in found.sample],
        )


async def _dead(choice: Choice, kind: str | None, queue: str | None, *, as_json: bool) -> None:
    async with opened(choice) as app, app.pool.acquire() as connection:
        groups = await list_dead(connection, kind=kind, queue=queue)
    if as_json:
        print_json(groups)
        return
    for group in groups:
        typer.echo(
            f"{group.count} x {group.kind}: {group.error_type}: {group.message}\n"
            f"  first {moment(group.first_at)}, last {moment(group.last_at)}, e.g. {group.sample_id}\n"
            f"  {_redrive(group, queue)}"
        )


def _redrive(group: DeadGroup, queue: str | None) -> str:
    error = [] if group.error_type is None else ["--error", group.error_type]
    where = [] if queue is None else ["--queue", queue]
    return shlex.join(["headrace", "jobs", "bulk", "retry", "--state", "dead", "--kind", group.kind, *error, *where])


def _verb(text: str) -> Verb:
    for verb in get_args(Verb):
        if verb == text:
            return verb
    raise typer.BadParameter(f"the action is one of {', '.join(get_args(Verb))}, got {text!r}")


def _state(text: str) -> State:
    for state in STATES:
        if state == text:
            return state
    raise typer.BadParameter(f"--state must be one of {', '.join(STATES)}, got {text!r}")


def _priority(text: str) -> Priority:
    try:
        return Priority.named(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    if text == "now":
        return datetime.now(UTC) - timedelta(seconds=1)
    try:
        return datetime.fromisoformat(text).astimezone()
    except ValueError as error:
        raise typer.BadParameter(f"a moment is written as 2031-05-01T12:00+02:00, got {text!r}") from error
