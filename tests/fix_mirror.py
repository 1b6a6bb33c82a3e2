"""The CRM beside a sandbox: an account linked to it, and whether what is stored is what is there."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from fix_crm import until
from headrace import Headrace, MigrationSet
from headrace_crm.accounts.events import ACCOUNT_EVENTS
from headrace_crm.accounts.linking import link
from headrace_crm.accounts.model import Tokens
from headrace_crm.accounts.users import USER_EVENTS
from headrace_crm.app import create_app
from headrace_crm.config import GmailSettings, Settings
from headrace_crm.mail import jobs as mail_jobs
from headrace_crm.mail.importing import EXTRACTION_KIND
from headrace_crm.mail.owners import claim_owner
from headrace_crm.mail.provider import Provider
from headrace_crm.mail.sync import jobs as sync_jobs
from headrace_crm.mail.sync.labels import LEFT_OUT
from headrace_crm.mail.sync.means import Means
from headrace_crm.mail.turns import Turns
from headrace_crm.sandbox import Sandbox
from headrace_crm.scores.settling import settled

GENEROUS = GmailSettings(
    user_units=60_000_000, poll_after=timedelta(hours=1), look_again_after=timedelta(milliseconds=100)
)
"""Settings under which no quota and no schedule has a say."""
SCOPE = "https://www.googleapis.com/auth/gmail.readonly"


@dataclass
class Mirror:
    """An app, open and working, and the sandbox it mirrors."""

    app: Headrace
    sandbox: Sandbox
    account_id: UUID
    owner_id: UUID

    async def incremental(self) -> None:
        """Has the account's changes looked for, and waits until all that follows is done."""
        await self.app.enqueue("email-sync-incremental", {"account_id": self.account_id})
        await self.settle()

    async def settle(self) -> None:
        """Waits until nothing is left to do."""
        async with self.app.pool.acquire() as connection:

            async def is_done() -> bool:
                busy = await connection.fetchval(
                    "SELECT count(*) FROM headrace.job_state WHERE state IN ('pending', 'processing', 'scheduled') "
                    "AND kind NOT LIKE 'poll%' "
                    "AND kind NOT IN ('calculate-email-analytics', 'generate-contact-insights') "
                    "AND NOT (kind = 'contact-extraction' AND state = 'scheduled')"
                )
                left = await settled(connection, self.owner_id, now=datetime.now(UTC))
                return not busy and left.is_settled

            await until(is_done)

    def expected(self) -> dict[str, tuple[str, ...]]:
        """What the sandbox holds and is mirrored: the labels of each message by its id."""
        return {
            message.id: tuple(sorted(message.labels))
            for message in self.sandbox.google.mailbox().messages
            if LEFT_OUT.isdisjoint(message.labels)
        }

    async def mirrored(self) -> dict[str, tuple[str, ...]]:
        """The same as it is stored."""
        async with self.app.pool.acquire() as connection:
            rows = await connection.fetch(
                "SELECT provider_id, known.labels FROM crm.mailbox_message AS known "
                "WHERE known.message_key IS NOT NULL AND gone_at IS NULL AND (EXISTS ("
                "  SELECT FROM crm.message WHERE message.owner_id = known.owner_id "
                "  AND message.message_key = known.message_key AND NOT is_removed) OR EXISTS ("
                "  SELECT FROM crm.unparsed_message AS other WHERE other.owner_id = known.owner_id "
                "  AND other.message_key = known.message_key))"
            )
        return {row["provider_id"]: tuple(sorted(row["labels"])) for row in rows}

    async def count(self, table: str) -> int:
        assert re.fullmatch(r"\w+", table)
        async with self.app.pool.acquire() as connection:
            return await connection.fetchval(f"SELECT count(*) FROM crm.{table}")

    async def events(self, kind: str) -> list[dict]:
        async with self.app.pool.acquire() as connection:
            rows = await connection.fetch("SELECT data FROM headrace.event WHERE type = $1 ORDER BY position", kind)
        return [dict(row) for row in rows]


async def link_sandbox(app: Headrace, sandbox: Sandbox, *, scopes: tuple[str, ...] = (SCOPE,)) -> tuple[UUID, UUID]:
    """Links the sandbox's account as if its owner had signed in; (account, owner)."""
    google = sandbox.google
    issued = google.link()
    now = datetime.now(UTC)
    tokens = Tokens(access=issued.access_token, refresh=issued.refresh_token, expires_at=now + timedelta(hours=1))
    account = await link(app, google.emails[0], tokens, scopes=scopes, claim_owner=claim_owner, now=now)
    return account.id, account.owner_id


def mirror_alone(database: str, provider: Provider, gmail: GmailSettings) -> Headrace:
    """The mirror on a provider of the test's own, closed; of what follows from mail nothing is there."""
    app = Headrace(database, name="crm", migrations=[MigrationSet("headrace_crm", "headrace_crm")])
    app.register(*ACCOUNT_EVENTS, *USER_EVENTS)
    app.declare(EXTRACTION_KIND)
    means = Means(app, Turns(), provider, gmail)
    mail_jobs.register(means)
    sync_jobs.register(means, topic="")
    return app


@asynccontextmanager
async def mirroring(database: str, sandbox: Sandbox, *, gmail: GmailSettings = GENEROUS) -> AsyncIterator[Mirror]:
    """The CRM with the sandbox's account linked and wholly mirrored, with one worker in this process."""
    app = create_app(database, settings=Settings(google=sandbox.google_settings(), gmail=gmail))
    async with app, app.process():
        account_id, owner_id = await link_sandbox(app, sandbox)
        mirror = Mirror(app, sandbox, account_id, owner_id)
        await until(lambda: mirror.count("mailbox"))
        await mirror.settle()
        yield mirror
