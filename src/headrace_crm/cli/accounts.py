"""`crm accounts`: mailboxes that may be read."""

import getpass
import os
from datetime import timedelta
from typing import Annotated

import typer

from headrace.terminal import EXIT_NOT_FOUND, fail, moment, print_json, print_table, run
from headrace_crm.accounts import rotation, store
from headrace_crm.accounts.model import Account, AccountNotFoundError
from headrace_crm.accounts.unlinking import Unlinked, unlink
from headrace_crm.cli import accounts_sync
from headrace_crm.cli.browser_link import link_by_browser
from headrace_crm.cli.named_account import find_account
from headrace_crm.cli.session import Choice, opened, say
from headrace_crm.config import Settings
from headrace_crm.mail.owners import read_owner_addresses

app = typer.Typer(no_args_is_help=True)
link_app = typer.Typer(no_args_is_help=True)
app.add_typer(link_app, name="link", help="Lets the CRM read a mailbox.")
app.command("sync")(accounts_sync.sync)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_PAGE = 1000


@link_app.command("google")
def link_google(
    context: typer.Context,
    *,
    email: Annotated[str | None, typer.Option(metavar="ADDRESS", help="The address to offer at the sign-in.")] = None,
    owner: Annotated[
        list[str] | None,
        typer.Option(metavar="ADDRESS", help="An address of the owner whose mail it joins; repeat for more."),
    ] = None,
    wait: Annotated[int, typer.Option(min=10, max=3600, help="Seconds to wait for the browser.")] = 300,
    as_json: Json = False,
) -> None:
    """Links a Gmail mailbox: prints an address to open in a browser on this machine, and waits for the sign-in."""
    run(_link_google(context.obj, email, owner or [], timedelta(seconds=wait), as_json=as_json))


@app.command("list")
def list_(context: typer.Context, *, as_json: Json = False) -> None:
    """Lists the mailboxes, those that need a sign-in and those that were unlinked too."""
    run(_list(context.obj, as_json=as_json))


@app.command("unlink")
def unlink_(
    context: typer.Context,
    account: Annotated[str, typer.Argument(metavar="ADDRESS|ID", help="The mailbox.")],
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Remove the tokens without revoking them: Google or the keys are gone.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Revokes and removes a mailbox's tokens, and stops its jobs; what was read stays. Exit code 3 for none."""
    run(_unlink(context.obj, account, force=force, as_json=as_json))


@app.command("rotate-keys")
def rotate_keys(context: typer.Context) -> None:
    """Seals all tokens under the first key of HEADRACE_SECRET_KEYS, so that the others can be left out."""
    run(_rotate(context.obj))


async def _link_google(
    choice: Choice, email: str | None, owner: list[str], patience: timedelta, *, as_json: bool
) -> None:
    google = Settings.from_environment(os.environ).google
    addresses = read_owner_addresses(owner) if owner else ()
    async with opened(choice) as crm:
        linked = await link_by_browser(
            crm, google, email=email, owner_addresses=addresses, patience=patience, go_to=_show_address
        )
    if as_json:
        print_json(linked)
    else:
        typer.echo(f"linked {linked.email}")


async def _show_address(url: str) -> None:
    say(f"open this address in a browser on this machine, and sign in:\n\n{url}\n")


async def _list(choice: Choice, *, as_json: bool) -> None:
    found: list[Account] = []
    async with opened(choice) as crm, crm.pool.acquire() as connection:
        page = await store.list_accounts(connection, limit=_PAGE)
        while page:
            found += page
            page = await store.list_accounts(connection, after=page[-1].id, limit=_PAGE)
    if as_json:
        print_json(found)
    elif found:
        print_table(
            ("account", "provider", "status", "linked", "token until", "id"),
            [
                (one.email, one.provider, _status(one), moment(one.linked_at), moment(one.expires_at), one.id)
                for one in found
            ],
        )
    else:
        typer.echo("no accounts yet; link one: crm accounts link google")


async def _unlink(choice: Choice, named: str, *, force: bool, as_json: bool) -> None:
    google = Settings.from_environment(os.environ).google
    async with opened(choice) as crm:
        try:
            done = await unlink(crm, google, await find_account(crm, named), by=_login(), revoking=not force)
        except AccountNotFoundError as error:
            fail(str(error), EXIT_NOT_FOUND)
    if as_json:
        print_json(done)
    else:
        _tell(done)


async def _rotate(choice: Choice) -> None:
    async with opened(choice) as crm:
        count = await rotation.rotate_keys(crm)
    typer.echo(f"accounts whose tokens were sealed anew: {count}")


def _tell(done: Unlinked) -> None:
    stopped = "pushes stopped" if done.was_stopped else "pushes not stopped"
    revoked = "revoked at Google" if done.was_revoked else "nothing was revoked at Google"
    typer.echo(
        f"unlinked {done.email}: {stopped}, {revoked}, {done.job_count} jobs cancelled, "
        f"{done.schedule_count} schedules removed"
    )


def _status(account: Account) -> str:
    if account.status == "needs_sign_in":
        return f"needs sign-in ({account.status_reason}): crm accounts link google --email {account.email}"
    return account.status


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
