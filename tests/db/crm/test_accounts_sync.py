"""`crm accounts sync`: a look at once, and the listing of all mail paused and resumed."""

import asyncio
import json

import pytest
from typer.testing import CliRunner

from fix_accounts import AccountsBench
from fix_mirror import GENEROUS, link_sandbox, mirroring
from headrace_crm.accounts.unlinking import unlink
from headrace_crm.app import create_app
from headrace_crm.cli.root import app as command
from headrace_crm.config import Settings
from headrace_crm.mail.sync.steering import read_standing, start_sync
from headrace_crm.mail.sync.store import MirrorStore, get_mailbox

pytestmark = pytest.mark.timeout(60)

LETTER = (
    b"From: Petra Wirth <petra@weir.example>\r\nTo: %b\r\nSubject: The gate\r\n"
    b"Message-ID: <gate@weir.example>\r\nDate: Sat, 28 Feb 2026 10:00:00 +0000\r\n\r\nIt sticks.\r\n"
)


async def sync(database: str, *arguments: str, code: int = 0):
    """What the command does, in a thread of this process."""
    environment = {"HEADRACE_DATABASE_URL": database}
    arguments = ("accounts", "sync", *arguments)
    done = await asyncio.to_thread(CliRunner(env=environment).invoke, command, arguments)
    assert done.exit_code == code, done.output
    return done


async def test_the_command_brings_in_what_is_new_and_shows_where_the_mailbox_is(database, secret_keys, google_sandbox):
    email = google_sandbox.google.emails[0]
    async with mirroring(database, google_sandbox) as mirror:
        google_sandbox.google.mailbox().deliver(LETTER % email.encode())
        shown = json.loads((await sync(database, email, "--wait", "30", "--json")).stdout)
        assert (shown["email"], shown["listing"], shown["waiting"]) == (email, "done", 0)
        assert shown["stored"] == len(mirror.expected())
        assert await mirror.mirrored() == mirror.expected()
        # What is listed to its end cannot be paused; that is no failure.
        for option in ("--pause", "--resume"):
            told = await sync(database, str(mirror.account_id), option)
            assert "nothing to" in told.stderr
            assert "done" in told.stdout


async def test_a_listing_that_is_paused_goes_on_when_it_is_resumed(database, secret_keys, google_sandbox):
    email = google_sandbox.google.emails[0]
    async with mirroring(database, google_sandbox) as mirror:
        async with mirror.app.transaction() as tx:
            store = MirrorStore(tx.connection, await get_mailbox(tx.connection, mirror.account_id))
            await store.begin_pass(google_sandbox.google.mailbox().history_id, now=mirror.app.clock.now())
        google_sandbox.google.mailbox().deliver(LETTER % email.encode())
        assert "paused" in (await sync(database, email, "--pause")).stdout
        await mirror.app.enqueue("email-sync-deep", {"account_id": mirror.account_id})
        await mirror.settle()
        assert (await read_standing(mirror.app, mirror.account_id)).listing == "paused"
        assert len(await mirror.mirrored()) == len(mirror.expected()) - 1
        assert "goes on" in (await sync(database, email, "--resume")).stderr
        await mirror.settle()
        assert (await read_standing(mirror.app, mirror.account_id)).listing == "done"
        assert await mirror.mirrored() == mirror.expected()


async def test_a_first_sync_that_waits_is_found_and_nothing_is_paused_before_it(database, secret_keys, google_sandbox):
    settings = Settings(google=google_sandbox.google_settings(), gmail=GENEROUS)
    email = google_sandbox.google.emails[0]
    async with create_app(database, settings=settings) as app:
        account_id, _ = await link_sandbox(app, google_sandbox)
        first = await start_sync(app, account_id)
        again = await start_sync(app, account_id)
        assert (first.is_new, again.is_new, again.id) == (True, False, first.id)
        assert "has not begun" in (await sync(database, email, "--pause", code=1)).stderr
        assert "not begun" in (await sync(database, email)).stdout
        await unlink(app, google_sandbox.google_settings(), account_id, by="test")
        assert "link it again" in (await sync(database, email, code=1)).stderr


async def test_what_does_not_exist_or_cannot_be_meant_is_refused(accounts: AccountsBench):
    database = accounts.app.pool.dsn
    assert "no account nobody@example.org" in (await sync(database, "nobody@example.org", code=3)).stderr
    await sync(database, "not-an-id", "--pause", code=3)
    await sync(database, "ada@example.org", "--pause", "--resume", code=2)
