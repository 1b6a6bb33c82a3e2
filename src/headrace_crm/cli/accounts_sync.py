"""`crm accounts sync`: has a mailbox looked at now, pauses the listing of all its mail, and shows where it is."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

import typer

from headrace import Headrace, JobCancelledError, JobFailedError
from headrace.terminal import EXIT_NOT_FOUND, fail, moment, print_json, print_table, run
from headrace_crm.accounts.model import AccountNotFoundError
from headrace_crm.cli.named_account import find_account
from headrace_crm.cli.session import Choice, opened, say
from headrace_crm.mail.sync.steering import Standing, pause_listing, read_standing, resume_listing, start_sync


def sync(
    context: typer.Context,
    account: Annotated[str, typer.Argument(metavar="ADDRESS|ID", help="The mailbox.")],
    *,
    pause: Annotated[
        bool, typer.Option("--pause", help="Stop listing older mail; what is new is still brought in.")
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on listing older mail where it was paused.")] = False,
    wait: Annotated[int, typer.Option(min=0, help="Seconds to wait for the look at the mailbox to end.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Has workers look at a mailbox now, and shows how far it is mirrored. Exit code 3 for none.

    With --pause or --resume, only the listing of older mail is stopped, or goes on.
    """
    if pause and resume:
        raise typer.BadParameter("give --pause or --resume, not both")
    run(_sync(context.obj, account, pause=pause, resume=resume, wait=wait, as_json=as_json))


async def _sync(choice: Choice, named: str, *, pause: bool, resume: bool, wait: int, as_json: bool) -> None:
    async with opened(choice) as crm:
        try:
            account_id = await find_account(crm, named)
            if pause:
                is_changed = await pause_listing(crm, account_id)
                say("listing of older mail is paused" if is_changed else "nothing to pause: it does not go on")
            elif resume:
                is_changed = await resume_listing(crm, account_id)
                say("listing of older mail goes on" if is_changed else "nothing to resume: it is not paused")
            else:
                await _look(crm, account_id, wait)
            standing = await read_standing(crm, account_id)
        except AccountNotFoundError as error:
            fail(str(error), EXIT_NOT_FOUND)
    if as_json:
        print_json(standing)
    else:
        _show(standing)


async def _look(crm: Headrace, account_id: UUID, wait: int) -> None:
    job = await start_sync(crm, account_id)
    if not wait:
        say(f"job {job.id} looks at the mailbox, once a worker has it")
        return
    try:
        await job.result(timeout=timedelta(seconds=wait))
    except TimeoutError:
        say(f"job {job.id} has not ended in {wait} s; see why: headrace jobs show {job.id}")
    except (JobCancelledError, JobFailedError) as error:
        fail(str(error))


def _show(standing: Standing) -> None:
    print_table(
        ("account", "status", "stored", "to be fetched", "older mail", "looked at", "pushes until"),
        [
            (
                standing.email,
                standing.status,
                standing.stored,
                standing.waiting,
                standing.listing or "not begun",
                moment(standing.looked_at),
                moment(standing.watch_expires_at),
            )
        ],
    )
