"""`headrace events retention`: what of the log has to go, and doing it now."""

from typing import Annotated

import typer

from headrace.cleanup import due_events, needed_by_jobs
from headrace.cli.session import Choice, opened
from headrace.events.retire import EventStep, retain_events
from headrace.terminal import print_json, print_table, run

DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would go; change nothing.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def retention(context: typer.Context, *, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Exports and drops events whose time is over, as the app of --app keeps them. Workers do so by themselves."""
    run(_retention(context.obj, is_dry=dry_run, as_json=as_json))


async def _retention(choice: Choice, *, is_dry: bool, as_json: bool) -> None:
    async with opened(choice) as app:
        if is_dry:
            async with app.pool.acquire() as connection:
                steps = await due_events(connection, app.event_retention, clock=app.clock)
        else:
            steps = await retain_events(
                app.pool,
                app.event_retention,
                needed=needed_by_jobs,
                telemetry=app.telemetry,
                now=app.clock.override(),
            )
    if as_json:
        print_json(steps)
        return
    print_table(("partition", "class", "what", "events", "file", "because"), [_row(step) for step in steps])


def _row(step: EventStep) -> tuple[object, ...]:
    what = f"{step.fate}, postponed" if step.is_postponed else step.fate
    return step.partition, step.retention, what, step.event_count, step.file or "", step.reason or ""
