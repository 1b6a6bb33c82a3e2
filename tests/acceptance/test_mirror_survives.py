"""Ten thousand messages of the sandbox with two worker processes, undisturbed and with failures of every kind."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from fix_crm_workers import CrmWorkers
from fix_mirror import Mirror, link_sandbox
from headrace_crm.app import create_app
from headrace_crm.config import GmailSettings, Settings
from headrace_crm.sandbox import Fault, Sandbox

pytestmark = [pytest.mark.slow, pytest.mark.timeout(580)]

MESSAGES = 10_000
QUOTA = 300_000
"""Units a minute: fifty times the real one, so that a test ends, and still a quota that holds fetching back."""
SPREAD = 0.05 / 4
FAULTS = (
    Fault(kind="rate-limit", route="gmail.*", probability=SPREAD, retry_after=timedelta(seconds=1)),
    Fault(kind="error", route="gmail.*", probability=SPREAD, status=500),
    Fault(kind="slow", route="gmail.batch", probability=SPREAD, delay=timedelta(seconds=12)),
    Fault(kind="cut", route="gmail.batch", probability=SPREAD),
    Fault(kind="expire-token", route="gmail.*", count=3, after=500),
    Fault(kind="lose-history", route="gmail.users.history.list", count=1),
)


@asynccontextmanager
async def mirrored_by_processes(database: str, sandbox: Sandbox) -> AsyncIterator[tuple[Mirror, CrmWorkers]]:
    sandbox.google.configure(user_units=QUOTA, project_units=None)
    gmail = {
        "HEADRACE_GMAIL_USER_UNITS": str(QUOTA),
        "HEADRACE_GMAIL_PATIENCE_SECONDS": "5",
        "HEADRACE_GMAIL_POLL_SECONDS": "2",
        "HEADRACE_GMAIL_POLL_WATCHED_SECONDS": "2",
    }
    settings = Settings(google=sandbox.google_settings(), gmail=GmailSettings.from_environment(gmail))
    app = create_app(database, settings=settings)
    async with app:
        account_id, owner_id = await link_sandbox(app, sandbox)
        workers = CrmWorkers({**sandbox.environment(), **gmail, "HEADRACE_DATABASE_URL": database}, "--concurrency=4")
        try:
            yield Mirror(app, sandbox, account_id, owner_id), workers
        finally:
            workers.stop()


async def wait_until_equal(mirror: Mirror, *, kill: CrmWorkers | None = None) -> int:
    """Waits until what is stored is what is there; kills a worker every few seconds meanwhile. How many were killed."""
    killed, last = 0, time.monotonic()
    while True:
        async with mirror.app.pool.acquire() as connection:
            count = await connection.fetchval("SELECT count(*) FROM crm.mailbox_message WHERE message_key IS NOT NULL")
        expected = mirror.expected()
        if count == len(expected) and await mirror.mirrored() == expected:
            return killed
        if kill is not None and time.monotonic() - last > 12 and killed < 4 and count > 300:
            kill.kill(killed % 2)
            killed, last = killed + 1, time.monotonic()
        await asyncio.sleep(0.5)


async def test_ten_thousand_messages_are_mirrored_by_two_workers(database, secret_keys):
    with Sandbox(messages=MESSAGES).served() as sandbox:
        async with mirrored_by_processes(database, sandbox) as (mirror, _):
            await wait_until_equal(mirror)
        assert sandbox.google.refused_overruns() == 0
        assert sandbox.google.most_units_in_a_minute() <= QUOTA


async def test_the_same_comes_out_when_everything_fails_now_and_then(database, secret_keys):
    with Sandbox(messages=MESSAGES).served() as sandbox:
        sandbox.faults.add(*FAULTS)
        async with mirrored_by_processes(database, sandbox) as (mirror, workers):
            mailbox = sandbox.google.mailbox()
            killed = await wait_until_equal(mirror, kill=workers)
            listed = list(mirror.expected())
            for number, message_id in enumerate(listed[:60]):
                if number % 3 == 0:
                    mailbox.delete(message_id)
                elif number % 3 == 1:
                    mailbox.relabel(message_id, add=["STARRED"])
                else:
                    mailbox.trash(message_id)
            mailbox.lose_history()
            await wait_until_equal(mirror)
        assert killed >= 2
        assert min(sandbox.counters.faults(kind) for kind in ("rate-limit", "error", "cut", "expire-token")) > 0
        assert sandbox.google.refused_overruns() == 0
        assert sandbox.google.most_units_in_a_minute() <= QUOTA
