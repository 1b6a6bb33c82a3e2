"""Mailboxes in memory for tests of many accounts: nothing is asked over HTTP, and every call is noted in order."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID

from headrace_crm.mail.provider import (
    Answer,
    Fetched,
    Gone,
    HistoryPage,
    HistoryRecord,
    Label,
    Look,
    MessagePage,
    Profile,
    Watch,
)

ARRIVED_AT = datetime(2026, 3, 1, tzinfo=UTC)


class ScriptedMailboxes:
    """A provider; each account has as many messages as `arrive` was told, and `calls` are (account, method)."""

    def __init__(self) -> None:
        self.calls: list[tuple[UUID, str]] = []
        self._counts: dict[UUID, int] = {}

    def arrive(self, account_id: UUID, count: int) -> None:
        """So many messages more."""
        self._counts[account_id] = self._counts.get(account_id, 0) + count

    @asynccontextmanager
    async def mailbox(self, account_id: UUID) -> AsyncIterator["ScriptedMailbox"]:
        yield ScriptedMailbox(account_id, self._counts.get(account_id, 0), self.calls)


class ScriptedMailbox:
    """One account's messages, numbered from 1; so is its history."""

    def __init__(self, account_id: UUID, count: int, calls: list[tuple[UUID, str]]) -> None:
        self._account_id = account_id
        self._count = count
        self._calls = calls

    async def profile(self) -> Profile:
        return Profile(f"{self._account_id}@example.org", self._count, self._count)

    async def list_messages(self, *, query: str = "", page_token: str | None = None, limit: int = 500) -> MessagePage:
        newest = int(page_token or self._count)
        oldest = max(newest - limit, 0)
        return MessagePage(tuple(str(n) for n in range(newest, oldest, -1)), str(oldest) if oldest else None)

    async def history(self, start: int, *, limit: int = 500) -> HistoryPage:
        self._calls.append((self._account_id, "history"))
        end = min(start + limit, self._count)
        records = tuple(HistoryRecord(n, "added", str(n), ("INBOX",)) for n in range(start + 1, end + 1))
        return HistoryPage(records, end, end == self._count)

    async def get_raw(self, message_id: str) -> Fetched | Gone:
        raw = (
            f"From: Guest <guest@weir.example>\r\nTo: {self._account_id}@example.org\r\nSubject: {message_id}\r\n"
            f"Message-ID: <{message_id}.{self._account_id}@weir.example>\r\n\r\nHello.\r\n"
        )
        return Fetched(message_id, message_id, ("INBOX",), int(message_id), ARRIVED_AT, raw.encode())

    async def get_batch(self, wanted: Mapping[str, Look]) -> Sequence[Answer]:
        self._calls.append((self._account_id, "batch"))
        return [await self.get_raw(message_id) for message_id in wanted]

    async def labels(self) -> Sequence[Label]:
        return [Label("INBOX", "INBOX")]

    async def watch(self, topic: str) -> Watch:
        raise AssertionError("nobody watches here")

    async def stop(self) -> None:
        return
