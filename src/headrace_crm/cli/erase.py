"""`crm erase` and `crm erasures`: forgetting a person, and the proof that it was done."""

import getpass
import sys
from typing import Annotated

import typer

from headrace import WorkerOptions
from headrace.terminal import fail, moment, print_json, print_table, run
from headrace_crm.cli.session import Choice, opened, say
from headrace_crm.maintenance.erasure import Erasure, ask_erasure, list_erasures, read_erasure
from headrace_crm.maintenance.jobs import QUEUE
from headrace_crm.maintenance.person import Preview, preview
from headrace_crm.maintenance.remains import LEFT, left_of

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_EXIT_USAGE = 2


def erase(
    context: typer.Context,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="An address of the person.")],
    *,
    only_preview: Annotated[bool, typer.Option("--preview", help="Show what would be done, and do nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="Kept with the proof; name nobody in it.")] = None,
    as_json: Json = False,
) -> None:
    """Removes a person from everything that is stored, for good, and keeps mail from bringing them back.

    Shows first what will be done, and asks. Mail stays in the mailbox it was read from.
    """
    run(_erase(context.obj, address, only_preview=only_preview, yes=yes, reason=reason, as_json=as_json))


def erasures(
    context: typer.Context,
    *,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 50,
    as_json: Json = False,
) -> None:
    """Lists erasures, the newest first: when, by whom, and what they came to."""
    run(_erasures(context.obj, limit, as_json=as_json))


async def _erase(
    choice: Choice, address: str, *, only_preview: bool, yes: bool, reason: str | None, as_json: bool
) -> None:
    async with opened(choice) as app:
        async with app.pool.acquire() as connection:
            found = await preview(connection, address)
        if only_preview:
            if as_json:
                print_json(found)
            else:
                _print_preview(found)
            return
        if not yes:
            _confirm(found)
        erasure_id, job = await ask_erasure(app, address, by=getpass.getuser(), reason=reason)
        async with app.process(WorkerOptions(queues=(QUEUE,))):
            await job.result()
        async with app.pool.acquire() as connection:
            done = await read_erasure(connection, erasure_id)
    if as_json:
        print_json(done)
    else:
        _print(done)


async def _erasures(choice: Choice, limit: int, *, as_json: bool) -> None:
    async with opened(choice) as app, app.pool.acquire() as connection:
        found = await list_erasures(connection, limit=limit)
    if as_json:
        print_json(found)
        return
    print_table(
        ("erasure", "asked", "by", "stage", "messages removed", "changed", "reason"),
        [
            (
                str(each.id),
                moment(each.requested_at),
                each.requested_by,
                each.stage,
                each.counts.get("messages_removed", 0),
                each.counts.get("messages_changed", 0),
                each.reason or "",
            )
            for each in found
        ],
    )


def _confirm(found: Preview) -> None:
    if not sys.stdin.isatty():
        fail("an erasure cannot be undone; look with --preview, and give --yes", _EXIT_USAGE)
    _print_preview(found)
    if not typer.confirm("Erase this person for good?"):
        raise typer.Exit(1)


def _print_preview(found: Preview) -> None:
    whom = found.whom
    print_table(
        ("field", "value"),
        [
            ("contacts", len(whom.contact_ids)),
            ("addresses", ", ".join(whom.addresses)),
            ("names", ", ".join(whom.names)),
            ("messages they wrote", found.written),
            ("other messages concerned", found.concerned - found.written),
        ],
    )
    if not whom.contact_ids:
        say("nobody has this address; it will be kept out of mail that comes")


def _print(done: Erasure) -> None:
    left = left_of(done.counts)
    print_table(
        ("what", "count"),
        [(name.replace("_", " "), count) for name, count in sorted(done.counts.items()) if not name.startswith(LEFT)],
    )
    for what, count in sorted(left.items()):
        if count:
            typer.echo(f"{what}: {count} may name them, by a word of their name; look for yourself")
    if not any(left.values()):
        typer.echo(f"no word of their name is left in {', '.join(sorted(left))}")
    if left.get("labels") or done.counts.get("labels_changed"):
        typer.echo("rename such labels in the mailbox itself too: the next sync brings their names")
    typer.echo(f"erasure {done.id} is done")
