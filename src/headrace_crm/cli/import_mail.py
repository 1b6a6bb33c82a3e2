"""`crm import`: mailbox files become contacts, interactions and scores."""

from dataclasses import fields
from pathlib import Path
from typing import Annotated

import typer

from headrace.terminal import print_json, print_table, run
from headrace_crm.cli.import_bars import ImportBars
from headrace_crm.cli.import_run import run_import
from headrace_crm.cli.options import AS_OF_HELP, read_as_of
from headrace_crm.cli.session import Choice, opened
from headrace_crm.cli.workers import worker_processes
from headrace_crm.contacts.summary import import_summary
from headrace_crm.mail.owners import AsOf


def import_(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="mbox or mbox.gz files.")],
    *,
    owner: Annotated[
        list[str],
        typer.Option("--owner", metavar="ADDRESS", help="An address of the owner; repeat for more."),
    ],
    as_of: Annotated[str | None, typer.Option("--as-of", metavar="DATE|latest", help=AS_OF_HELP)] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Worker processes to run the import with.")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Imports mailboxes, and waits until people and scores have followed. Importing again adds nothing twice."""
    run(_import(context.obj, files, owner, read_as_of(as_of), workers, as_json=as_json))


async def _import(
    choice: Choice, files: list[Path], owners: list[str], as_of: AsOf | None, count: int, *, as_json: bool
) -> None:
    async with opened(choice) as app, worker_processes(app.pool.dsn, count) as workers:
        with ImportBars() as bars:
            job_id = await run_import(app, workers, bars, files=files, owners=owners, as_of=as_of)
        async with app.pool.acquire() as connection:
            summary = await import_summary(connection, job_id)
    if as_json:
        counts = {field.name: getattr(summary, field.name) for field in fields(summary)}
        sent, received = counts.pop("sent"), counts.pop("received")
        print_json({**counts, "interactions": {"sent": sent, "received": received}})
        return
    print_table(
        ("what", "count"),
        [
            ("messages in the files", summary.messages),
            ("new", summary.new),
            ("duplicates", summary.duplicates),
            ("unparsed", summary.unparsed),
            ("threads", summary.threads),
            ("contacts", summary.contacts),
            ("interactions sent", summary.sent),
            ("interactions received", summary.received),
        ],
    )
