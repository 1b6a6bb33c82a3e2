"""What a mailbox on a server can be asked, whoever runs it: results, and the errors there are.

ProviderError
├── LimitedError          too much at once; come back after `retry_after`
├── UnavailableError      no answer, a broken one, or the server's own fault: try again
├── HistoryExpiredError   the changes since so long ago are forgotten: look at everything anew
├── PageExpiredError      a listing cannot be gone on with: begin it anew
└── RefusedError          the request is wrong or not allowed; trying again changes nothing
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol, TypeAlias
from uuid import UUID

from headrace_crm.errors import CrmError

Look: TypeAlias = Literal["whole", "labels"]
"""What to fetch of a message: all of it, or no more than its labels."""
HistoryKind: TypeAlias = Literal["added", "deleted", "labels_added", "labels_removed"]


class ProviderError(CrmError):
    """A mailbox could not be asked; the base of the others."""


class LimitedError(ProviderError):
    """Too much was asked at once. `retry_after` is how long the server wants to be left alone, None unsaid."""

    def __init__(self, message: str, retry_after: timedelta | None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class UnavailableError(ProviderError):
    """No answer, half of one, or a fault of the server's: the same request may do later."""

    def __init__(self, message: str, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class HistoryExpiredError(ProviderError):
    """The server has forgotten what changed since `start`; everything must be looked at anew."""

    def __init__(self, start: int) -> None:
        super().__init__(f"the changes since history id {start} are forgotten; the whole mailbox is compared anew")
        self.start = start


class PageExpiredError(ProviderError):
    """A page token is no good any more; the listing must begin anew."""


class RefusedError(ProviderError):
    """The request is wrong or not allowed: `status` and `reason` are the server's."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"the server refused with {status} {reason}: {message}; it will refuse again")
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Profile:
    """Whose mailbox it is, how it is numbered now, and about how many messages it has."""

    email: str
    history_id: int
    message_count: int


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Ids of messages, the newest first; `next_page` is None at the end."""

    ids: tuple[str, ...]
    next_page: str | None


@dataclass(frozen=True, slots=True)
class Fetched:
    """A message as it is now: `raw` is None where only labels were asked for.

    `history_id` numbers its last change; `received_at` is when the server took it in.
    """

    id: str
    thread_id: str
    labels: tuple[str, ...]
    history_id: int
    received_at: datetime | None
    raw: bytes | None


@dataclass(frozen=True, slots=True)
class Gone:
    """The message is not there any more."""

    id: str


@dataclass(frozen=True, slots=True)
class Unanswered:
    """One message of several could not be had now; the others could."""

    id: str
    error: LimitedError | UnavailableError


Answer: TypeAlias = Fetched | Gone | Unanswered


@dataclass(frozen=True, slots=True)
class HistoryRecord:
    """One change of one message; `labels` are those added or removed, or those a new message came with."""

    id: int
    kind: HistoryKind
    message_id: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Changes in order. `history_id` is what to go on from: the mailbox's own where this is the last page."""

    records: tuple[HistoryRecord, ...]
    history_id: int
    is_last: bool


@dataclass(frozen=True, slots=True)
class Label:
    """What a label is called; messages and changes name its id."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Watch:
    """Pushes were asked for, and come until `expires_at`."""

    history_id: int
    expires_at: datetime


class Mailbox(Protocol):
    """One account's mail. Every method raises ProviderError, and what getting a token raises."""

    async def profile(self) -> Profile: ...

    async def list_messages(
        self, *, query: str = "", page_token: str | None = None, limit: int = 500
    ) -> MessagePage: ...

    async def get_raw(self, message_id: str) -> Fetched | Gone: ...

    async def get_batch(self, wanted: Mapping[str, Look]) -> Sequence[Answer]:
        """At most 50 messages in one request, answered in the order asked for."""
        ...

    async def history(self, start: int, *, limit: int = 500) -> HistoryPage: ...

    async def labels(self) -> Sequence[Label]:
        """All there are, those of the server and those of the user."""
        ...

    async def watch(self, topic: str) -> Watch: ...

    async def stop(self) -> None:
        """Ends the watch; without one nothing happens."""
        ...


class Provider(Protocol):
    """Opens mailboxes: `async with provider.mailbox(account_id) as mailbox:`."""

    def mailbox(self, account_id: UUID) -> AbstractAsyncContextManager[Mailbox]: ...


class Tokens(Protocol):
    """Gives access tokens out; `refused` is one that the server would not take, and is not given again."""

    async def access_token(self, account_id: UUID, *, refused: str | None = None) -> str: ...
