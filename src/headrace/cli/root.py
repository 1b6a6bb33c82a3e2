"""The root of the command: options before the command, and its groups."""

from typing import Annotated

import typer

from headrace.cli import (
    api,
    bulk,
    console,
    db,
    doctor,
    event_archive,
    event_retention,
    events,
    explain,
    jobs,
    limits,
    operations,
    projections,
    queues,
    relay,
    replays,
    schedules,
    subjects,
    subscriptions,
    tokens,
    top,
    worker,
)
from headrace.cli.session import Choice
from headrace.terminal import begin_log

app = typer.Typer(
    name="headrace",
    help="Durable background jobs and events on PostgreSQL.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(api.app, name="api", help="The document of the HTTP API.")
app.add_typer(db.app, name="db", help="The schema and what is kept: migrate, status, retention.")
jobs.app.command("explain")(explain.explain_job)
jobs.app.command("bulk")(bulk.bulk)
jobs.app.command("dead")(bulk.dead)
app.add_typer(jobs.app, name="jobs", help="List, show, explain, retry and cancel jobs.")
app.add_typer(limits.app, name="limits", help="List, show, set and unset limits of concurrency and rate.")
events.app.command("replay")(replays.replay)
events.app.add_typer(event_archive.app, name="archive", help="List, read and restore events that have left the log.")
events.app.command("retention")(event_retention.retention)
events.app.command("cleanup-old-events", hidden=True)(event_retention.retention)
app.add_typer(
    events.app, name="events", help="List, follow and replay events, export their JSON Schema, let old ones go."
)
app.add_typer(replays.app, name="replays", help="List, show, pause, resume and cancel replays of events.")
app.add_typer(queues.app, name="queues", help="List, pause and resume queues.")
app.add_typer(operations.app, name="operations", help="List what was done to queues and many jobs; resume it.")
app.add_typer(
    projections.app,
    name="projections",
    help="List, rebuild, swap, roll back and drop the builds of read models.",
)
app.add_typer(
    schedules.app, name="schedules", help="List, show, create, edit, pause, resume, trigger and delete schedules."
)
app.add_typer(
    subscriptions.app, name="subscriptions", help="List, pause, resume and replay handlers of events; parked streams."
)
app.add_typer(subjects.app, name="subjects", help="Show and erase subjects of personal data; their keys.")
app.add_typer(tokens.app, name="tokens", help="Create, list and revoke tokens for the console and the HTTP API.")
app.command("worker")(worker.work)
app.command("relay")(relay.relay)
app.command("console")(console.console)
app.command("top")(top.top)
app.command("doctor")(doctor.doctor)


@app.callback()
def options(
    context: typer.Context,
    app_path: Annotated[
        str | None,
        typer.Option("--app", metavar="MODULE:ATTRIBUTE", help="Your app, or a function that makes it."),
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(
            "--database",
            metavar="URL",
            help="The database; HEADRACE_DATABASE_URL otherwise, else an embedded PostgreSQL in ./.headrace.",
        ),
    ] = None,
    verbose: Annotated[int, typer.Option("--verbose", "-v", count=True, help="Log more; twice for all.")] = 0,
    log_json: Annotated[bool, typer.Option("--log-json", help="Log one JSON object a line.")] = False,
) -> None:
    """Durable background jobs and events on PostgreSQL.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 what was named does not exist, 4 the doctor found a problem.
    """
    context.obj = Choice(app_path, database)
    begin_log(verbose, is_json=log_json)


def main() -> None:
    """Runs the command."""
    app()
