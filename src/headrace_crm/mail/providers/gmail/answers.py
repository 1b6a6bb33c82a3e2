"""Gmail's answers as they are read: pure. Ids are kept as text, history ids as whole numbers of any size."""

import base64
import binascii
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from headrace_crm.mail.provider import (
    Fetched,
    HistoryPage,
    HistoryRecord,
    Label,
    MessagePage,
    Profile,
    UnavailableError,
    Watch,
)

T = TypeVar("T")


class ProfileAnswer(msgspec.Struct, rename="camel"):
    """users.getProfile."""

    email_address: str
    history_id: str
    messages_total: int = 0

    def read(self) -> Profile:
        return Profile(self.email_address.lower(), int(self.history_id), self.messages_total)


class Reference(msgspec.Struct, rename="camel"):
    """A message named in a listing or a change."""

    id: str
    label_ids: list[str] = []


class ListAnswer(msgspec.Struct, rename="camel"):
    """users.messages.list; an empty mailbox has no `messages`."""

    messages: list[Reference] = []
    next_page_token: str | None = None

    def read(self) -> MessagePage:
        return MessagePage(tuple(message.id for message in self.messages), self.next_page_token or None)


class MessageAnswer(msgspec.Struct, rename="camel"):
    """users.messages.get, raw or minimal."""

    id: str
    thread_id: str
    history_id: str
    label_ids: list[str] = []
    internal_date: str | None = None
    raw: str | None = None

    def read(self) -> Fetched:
        """Raises UnavailableError where the bytes of the message were cut or spoilt on the way."""
        return Fetched(
            self.id,
            self.thread_id,
            tuple(self.label_ids),
            int(self.history_id),
            None if self.internal_date is None else _moment(int(self.internal_date)),
            None if self.raw is None else _unpack(self.raw),
        )


class Concerned(msgspec.Struct, rename="camel"):
    """A message in a change, with the labels added or removed."""

    message: Reference
    label_ids: list[str] = []


class HistoryEntry(msgspec.Struct, rename="camel"):
    """One record of users.history.list."""

    id: str
    messages_added: list[Concerned] = []
    messages_deleted: list[Concerned] = []
    labels_added: list[Concerned] = []
    labels_removed: list[Concerned] = []

    def read(self) -> Iterator[HistoryRecord]:
        number = int(self.id)
        for each in self.messages_added:
            yield HistoryRecord(number, "added", each.message.id, tuple(each.message.label_ids))
        for each in self.labels_added:
            yield HistoryRecord(number, "labels_added", each.message.id, tuple(each.label_ids))
        for each in self.labels_removed:
            yield HistoryRecord(number, "labels_removed", each.message.id, tuple(each.label_ids))
        for each in self.messages_deleted:
            yield HistoryRecord(number, "deleted", each.message.id, ())


class HistoryAnswer(msgspec.Struct, rename="camel"):
    """users.history.list; nothing new has no `history`."""

    history_id: str
    history: list[HistoryEntry] = []
    next_page_token: str | None = None

    def read(self) -> HistoryPage:
        is_last = not (self.next_page_token and self.history)
        records = tuple(record for entry in self.history for record in entry.read())
        # Records ascend, and one that is begun after names all that follow: no page token has to be kept.
        return HistoryPage(records, int(self.history_id if is_last else self.history[-1].id), is_last)


class LabelAnswer(msgspec.Struct):
    """One label; those of Gmail's own are called as their ids are."""

    id: str
    name: str


class LabelsAnswer(msgspec.Struct):
    """users.labels.list."""

    labels: list[LabelAnswer] = []

    def read(self) -> tuple[Label, ...]:
        return tuple(Label(label.id, label.name) for label in self.labels)


class WatchAnswer(msgspec.Struct, rename="camel"):
    """users.watch."""

    history_id: str
    expiration: str

    def read(self) -> Watch:
        return Watch(int(self.history_id), _moment(int(self.expiration)))


def decode(body: bytes, shape: type[T]) -> T:
    """Raises UnavailableError where the body is no whole JSON of this shape: it was cut, or is not Gmail's."""
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.MsgspecError as error:
        raise UnavailableError(f"Gmail's answer cannot be read ({error}); it is asked again") from error


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _unpack(raw: str) -> bytes:
    try:
        return base64.b64decode(raw + "=" * (-len(raw) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise UnavailableError(f"a message's bytes cannot be unpacked ({error}); it is asked for again") from error
