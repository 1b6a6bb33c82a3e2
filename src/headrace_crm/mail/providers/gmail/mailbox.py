"""The methods of Gmail that mirroring a mailbox needs."""

import ssl
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cached_property
from typing import Final
from urllib.parse import quote
from uuid import UUID

import httpx
import msgspec

from headrace import Clock
from headrace_crm.config import GmailSettings
from headrace_crm.kit.http import open_client
from headrace_crm.mail.provider import (
    Answer,
    Fetched,
    Gone,
    HistoryExpiredError,
    HistoryPage,
    Label,
    LimitedError,
    Look,
    MessagePage,
    PageExpiredError,
    Profile,
    RefusedError,
    Tokens,
    Unanswered,
    UnavailableError,
    Watch,
)
from headrace_crm.mail.providers.gmail.answers import (
    HistoryAnswer,
    LabelsAnswer,
    ListAnswer,
    MessageAnswer,
    ProfileAnswer,
    WatchAnswer,
    decode,
)
from headrace_crm.mail.providers.gmail.calls import USER, Calls
from headrace_crm.mail.providers.gmail.multipart import MOST_CALLS, Part
from headrace_crm.mail.providers.gmail.refusal import BAD_REQUEST, NOT_FOUND, OK

_FORMATS: Final[Mapping[Look, str]] = {"whole": "raw", "labels": "minimal"}
_HISTORY_TYPES: Final = ("messageAdded", "messageDeleted", "labelAdded", "labelRemoved")


class Gmail:
    """Opens mailboxes at one address of Gmail's, with a client that lives as long as each is open."""

    def __init__(self, settings: GmailSettings, *, base_url: str, tokens: Tokens, clock: Clock) -> None:
        self._settings = settings
        self._base_url = base_url
        self._tokens = tokens
        self._clock = clock

    @asynccontextmanager
    async def mailbox(self, account_id: UUID) -> AsyncGenerator["GmailMailbox"]:
        """The mailbox of an account, for a block."""
        patience = self._settings.patience
        async with open_client(base_url=self._base_url, answer=patience, connections=4, tls=self._tls) as client:
            yield GmailMailbox(Calls(client, self._tokens, account_id, self._clock, patience))

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        # Making one takes longer than all else that a look for changes does.
        return httpx.create_ssl_context()


class GmailMailbox:
    """One account's mail at Gmail; see `headrace_crm.mail.provider.Mailbox`."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def profile(self) -> Profile:
        return decode(await self._calls.get(f"{USER}/profile"), ProfileAnswer).read()

    async def list_messages(self, *, query: str = "", page_token: str | None = None, limit: int = 500) -> MessagePage:
        """Spam and trash are left out, as Gmail does. Raises PageExpiredError for a token that it will not take."""
        params = {"maxResults": str(limit)} | ({"q": query} if query else {})
        try:
            body = await self._calls.get(f"{USER}/messages", params | ({"pageToken": page_token} if page_token else {}))
        except RefusedError as error:
            if page_token is not None and error.status in {BAD_REQUEST, NOT_FOUND}:
                raise PageExpiredError("Gmail takes the page token no more; the listing begins anew") from error
            raise
        return decode(body, ListAnswer).read()

    async def get_raw(self, message_id: str) -> Fetched | Gone:
        try:
            body = await self._calls.get(_message(message_id), {"format": _FORMATS["whole"]})
        except RefusedError as error:
            if error.status == NOT_FOUND:
                return Gone(message_id)
            raise
        return decode(body, MessageAnswer).read()

    async def get_batch(self, wanted: Mapping[str, Look]) -> Sequence[Answer]:
        """At most 50 messages, answered in the order asked for. Raises RefusedError where one is not allowed."""
        if len(wanted) > MOST_CALLS:
            raise ValueError(f"a batch has at most {MOST_CALLS} messages, got {len(wanted)}; ask for them in several")
        paths = [f"{_message(message_id)}?format={_FORMATS[look]}" for message_id, look in wanted.items()]
        parts = await self._calls.batch(paths)
        return [self._answer(message_id, part) for message_id, part in zip(wanted, parts, strict=True)]

    async def history(self, start: int, *, limit: int = 500) -> HistoryPage:
        """Raises HistoryExpiredError where `start` is too old, or no history id of this mailbox's."""
        params: dict[str, str | list[str]] = {
            "startHistoryId": str(start),
            "maxResults": str(limit),
            "historyTypes": list(_HISTORY_TYPES),
        }
        try:
            body = await self._calls.get(f"{USER}/history", params)
        except RefusedError as error:
            if error.status == NOT_FOUND:
                raise HistoryExpiredError(start) from error
            raise
        return decode(body, HistoryAnswer).read()

    async def labels(self) -> Sequence[Label]:
        return decode(await self._calls.get(f"{USER}/labels"), LabelsAnswer).read()

    async def watch(self, topic: str) -> Watch:
        body = await self._calls.post(f"{USER}/watch", msgspec.json.encode({"topicName": topic}))
        return decode(body, WatchAnswer).read()

    async def stop(self) -> None:
        await self._calls.post(f"{USER}/stop")

    def _answer(self, message_id: str, part: Part | None) -> Answer:
        if part is None:
            return Unanswered(message_id, UnavailableError("Gmail left a call of a batch without an answer"))
        if part.status == NOT_FOUND:
            return Gone(message_id)
        try:
            if part.status != OK:
                raise self._calls.error(part.status, part.headers, part.body)
            return decode(part.body, MessageAnswer).read()
        except (LimitedError, UnavailableError) as error:
            return Unanswered(message_id, error)


def _message(message_id: str) -> str:
    return f"{USER}/messages/{quote(message_id, safe='')}"
