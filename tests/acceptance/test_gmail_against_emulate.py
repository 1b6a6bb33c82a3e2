"""Our Gmail provider, unchanged, at a Gmail that somebody else wrote: `emulate` from npm; skipped where npm is not.

What it has not got is written down where the provider meets it: no `users.getProfile` and no batches (404), a history
that knows every start, a watch of a day, no `newer_than:`, ids that are no numbers, and history ids that are wider
than any integer.
"""

import base64
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from fix_crm import until
from fix_gmail import ScriptedTokens
from fix_mirror import GENEROUS, SCOPE, mirror_alone
from fix_npx import served_by_npx
from headrace import Headrace, SystemClock, uuid7
from headrace_crm.accounts.linking import link
from headrace_crm.accounts.model import Tokens
from headrace_crm.config import GmailSettings
from headrace_crm.mail.owners import claim_owner
from headrace_crm.mail.provider import Answer, Fetched, Gone, HistoryRecord, Label, Look, Profile, RefusedError
from headrace_crm.mail.providers.gmail import Gmail
from headrace_crm.mail.providers.gmail.mailbox import GmailMailbox

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

EMULATE = "emulate@0.8.0"
"""Pinned: the registry's newest of this name is another author's, about something else."""
EMAIL = "ada@example.org"
UINT64 = 2**64
SEED = f"""
tokens:
  token-0: {{login: {EMAIL}, scopes: ["https://mail.google.com/"]}}
google:
  users: [{{email: {EMAIL}, name: Ada}}]
  labels: [{{id: Label_mill, user_email: {EMAIL}, name: Mill}}]
"""


@dataclass
class Emulated:
    """The server, a hand that changes the mailbox, and our provider."""

    hand: httpx.AsyncClient
    provider: Gmail

    async def deliver(self, number: int, *labels: str) -> str:
        """Imports a letter; the id it got."""
        date = format_datetime(datetime.now(UTC) - timedelta(days=1, seconds=-number))
        raw = (
            f"From: Guest <guest@weir.example>\r\nTo: {EMAIL}\r\nSubject: Letter {number}\r\nDate: {date}\r\n"
            f"Message-ID: <{number}@weir.example>\r\n\r\nThe water is high.\r\n"
        )
        body = {"raw": base64.urlsafe_b64encode(raw.encode()).decode(), "labelIds": list(labels)}
        return (await self.change("import", **body))["id"]

    async def change(self, path: str, **body: object) -> dict:
        answer = await self.hand.post(f"/gmail/v1/users/me/messages/{path}", json=body)
        answer.raise_for_status()
        return answer.json()


@pytest.fixture
async def emulated(tmp_path: Path) -> AsyncIterator[Emulated]:
    seed = tmp_path / "seed.yaml"
    seed.write_text(SEED)
    arguments = ("start", "--service", "google", "--port", "{port}", "--seed", str(seed))
    async with (
        served_by_npx(EMULATE, *arguments, folder=tmp_path, probe="/gmail/v1/users/me/labels") as url,
        httpx.AsyncClient(base_url=url, headers={"authorization": "Bearer token-0"}) as hand,
    ):
        yield Emulated(hand, Gmail(GmailSettings(), base_url=url, tokens=ScriptedTokens(), clock=SystemClock()))


async def test_the_provider_reads_what_another_gmail_answers(emulated: Emulated):
    ids = [await emulated.deliver(number, "INBOX") for number in range(3)]
    async with emulated.provider.mailbox(uuid7()) as mailbox:
        page = await mailbox.list_messages(limit=2)
        rest = await mailbox.list_messages(limit=2, page_token=page.next_page)
        assert ([*page.ids, *rest.ids], rest.next_page) == (ids[::-1], None)
        first = await mailbox.get_raw(ids[0])
        assert isinstance(first, Fetched)
        assert (first.raw or b"").endswith(b"\r\n\r\nThe water is high.\r\n")
        assert (first.labels, first.history_id > UINT64) == (("INBOX",), True)
        assert await mailbox.get_raw("nobody") == Gone("nobody")
        assert {Label("INBOX", "INBOX"), Label("Label_mill", "Mill")} <= set(await mailbox.labels())

        start = (await mailbox.history(1)).history_id
        await emulated.change(f"{ids[0]}/modify", addLabelIds=["Label_mill"], removeLabelIds=["INBOX"])
        (await emulated.hand.delete(f"/gmail/v1/users/me/messages/{ids[1]}")).raise_for_status()
        changes = await mailbox.history(start)
        assert [(each.kind, each.message_id, each.labels) for each in changes.records] == [
            ("labels_added", ids[0], ("Label_mill",)),
            ("labels_removed", ids[0], ("INBOX",)),
            ("deleted", ids[1], ()),
        ]
        assert all(isinstance(each, HistoryRecord) and each.id > start for each in changes.records)
        assert changes.is_last

        watch = await mailbox.watch("projects/p/topics/t")
        await mailbox.stop()
        # Where it differs from Google: if one of these fails, it has learnt something, and so can the test.
        assert watch.expires_at - datetime.now(UTC) < timedelta(days=2)
        assert (await mailbox.history(10**25)).records == ()
        assert (await mailbox.list_messages(query="newer_than:3m")).ids == ()
        for missing in (mailbox.profile(), mailbox.get_batch({ids[0]: "whole"})):
            with pytest.raises(RefusedError) as raised:
                await missing
            assert raised.value.status == 404


class Filled:
    """Our provider, with a profile and batches put together of what `emulate` does have."""

    def __init__(self, provider: Gmail) -> None:
        self._provider = provider

    @asynccontextmanager
    async def mailbox(self, account_id: UUID) -> AsyncIterator[GmailMailbox]:
        async with self._provider.mailbox(account_id) as mailbox:
            yield FilledMailbox(mailbox._calls)


class FilledMailbox(GmailMailbox):
    async def profile(self) -> Profile:
        return Profile(EMAIL, (await self.history(1)).history_id, 0)

    async def get_batch(self, wanted: Mapping[str, Look]) -> Sequence[Answer]:
        return [await self.get_raw(message_id) for message_id in wanted]


async def stored(app: Headrace) -> dict[str, set[str]]:
    """The labels of the stored messages, by their subjects."""
    async with app.pool.acquire() as connection:
        rows = await connection.fetch(
            "SELECT subject, crm.label_names(owner_id, message_key, labels) AS labels FROM crm.message "
            "WHERE NOT is_removed"
        )
    return {row["subject"]: set(row["labels"]) for row in rows}


async def test_its_mailbox_is_mirrored_and_follows_every_change(emulated: Emulated, database: str, secret_keys: str):
    ids = [await emulated.deliver(number, "INBOX") for number in range(60)]
    app = mirror_alone(database, Filled(emulated.provider), GENEROUS)
    everything = {f"Letter {number}": {"INBOX"} for number in range(60)}
    async with app, app.process():
        now = datetime.now(UTC)
        tokens = Tokens(access="token-0", refresh="refresh-0", expires_at=now + timedelta(hours=1))
        account = await link(app, EMAIL, tokens, scopes=[SCOPE], claim_owner=claim_owner, now=now)

        async def holds(wanted: dict[str, set[str]]) -> None:
            async def is_so() -> bool:
                return await stored(app) == wanted

            await until(is_so)

        await holds(everything)
        await emulated.change(f"{ids[0]}/modify", addLabelIds=["Label_mill"], removeLabelIds=["INBOX"])
        await emulated.change(f"{ids[1]}/trash")
        (await emulated.hand.delete(f"/gmail/v1/users/me/messages/{ids[2]}")).raise_for_status()
        await emulated.deliver(60, "INBOX", "STARRED")
        await app.enqueue("email-sync-incremental", {"account_id": account.id})
        del everything["Letter 1"], everything["Letter 2"]
        await holds(everything | {"Letter 0": {"Mill"}, "Letter 60": {"INBOX", "STARRED"}})
