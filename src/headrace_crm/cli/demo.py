"""`crm demo`: a mailbox becomes a CRM while a worker is killed."""

import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from headrace import Headrace, count_events, count_failures, count_jobs, database_address, fresh_database, list_workers
from headrace.terminal import print_table, run
from headrace_crm.app import create_app
from headrace_crm.cli.contacts import print_contacts
from headrace_crm.cli.import_bars import ImportBars
from headrace_crm.cli.import_run import run_import
from headrace_crm.cli.session import DEMO_DATABASE, Choice, say
from headrace_crm.cli.workers import WorkerProcesses, worker_processes
from headrace_crm.demo.mailbox import DemoMailbox, write_mailbox
from headrace_crm.mail.importing import ImportState
from headrace_crm.scores.people import list_contacts

_SHOWN = 12
_SEVERAL = 2


def demo(
    context: typer.Context,
    *,
    messages: Annotated[int, typer.Option(min=100, help="How many messages the mailbox has.")] = 600,
    seed: Annotated[int, typer.Option(help="Another seed is another world.")] = 7,
    workers: Annotated[int, typer.Option(min=2, max=16, help="Worker processes; one of them is killed.")] = 2,
) -> None:
    """Imports a made-up mailbox with two workers, kills one of them, and shows that nothing is lost.

    Works in a database of its own, made anew each time; look at it with `crm --demo contacts`.
    """
    run(_demo(context.obj, messages, seed, workers))


class Killer:
    """Kills a worker with SIGKILL once, at a moment when it holds jobs, and starts another."""

    def __init__(self, app: Headrace, workers: WorkerProcesses, bars: ImportBars) -> None:
        self._app = app
        self._workers = workers
        self._bars = bars
        self.killed_pid: int | None = None

    async def __call__(self, state: ImportState) -> None:
        if self.killed_pid is not None or not state.batch_count:
            return
        # Batches go fast: whoever has several of them, or later whoever has anything.
        least = 1 if state.is_stored else _SEVERAL
        async with self._app.pool.acquire() as connection:
            holders = [worker for worker in await list_workers(connection) if worker.held_count >= least]
        for holder in holders:
            if self._workers.kill(holder.pid):
                self.killed_pid = holder.pid
                self._bars.note(
                    f"killed worker process {holder.pid} with SIGKILL while it held {holder.held_count} jobs; "
                    "another one starts"
                )
                await self._workers.add()
                return


async def _demo(choice: Choice, messages: int, seed: int, count: int) -> None:
    with TemporaryDirectory(prefix="headrace-demo-") as folder:
        async with database_address(choice.database, say=say) as address:
            database = await fresh_database(address, DEMO_DATABASE)
            mailbox = write_mailbox(
                Path(folder) / "mailbox.mbox", seed=seed, messages=messages, ends_at=datetime.now(UTC)
            )
            say(
                f"a mailbox of {mailbox.owner_name}, who does not exist: {mailbox.message_count} messages "
                f"between {mailbox.first_at:%Y-%m-%d} and {mailbox.last_at:%Y-%m-%d}"
            )
            async with create_app(database) as app, worker_processes(database, count) as workers:
                await _import(app, workers, mailbox)


async def _import(app: Headrace, workers: WorkerProcesses, mailbox: DemoMailbox) -> None:
    started = time.monotonic()
    with ImportBars() as bars:
        killer = Killer(app, workers, bars)
        await run_import(
            app, workers, bars, files=[mailbox.path], owners=mailbox.owner_addresses, as_of=None, watch=killer
        )
    seconds = time.monotonic() - started
    async with app.pool.acquire() as connection:
        people = await list_contacts(connection, limit=_SHOWN)
        jobs = await count_jobs(connection)
        events = await count_events(connection)
        failures = await count_failures(connection)
    print_contacts(people, title="Strongest relationships")
    lost = failures.get("headrace.WorkerLost", 0)
    later = jobs.get("scheduled", 0)
    ended = sum(jobs.values()) - later
    typer.echo("")
    print_table(
        ("what", "count"),
        [
            ("worker processes killed with SIGKILL", 0 if killer.killed_pid is None else 1),
            ("jobs taken from the killed worker and run again", lost),
            ("jobs completed", jobs.get("completed", 0)),
            ("jobs not completed", ended - jobs.get("completed", 0)),
            ("jobs that are due later", later),
            ("events in the log", sum(events.values())),
            ("seconds, from the first byte to the last score", f"{seconds:.1f}"),
            ("jobs a second", f"{ended / seconds:.0f}"),
        ],
    )
    typer.echo(
        "\nTry next:\n"
        "  .venv/bin/crm --demo contacts                       everybody, strongest first\n"
        f"  .venv/bin/crm --demo show '{people[0].name}'\n"
        f"  .venv/bin/crm --demo ask 'what did {people[0].name} write about?'\n"
        "  .venv/bin/crm --demo serve --new-token you          the console, with a token to log in\n"
        "  .venv/bin/crm import YOUR.mbox --owner you@example.org   your own mailbox\n"
        "  .venv/bin/crm contacts"
        if people
        else ""
    )
