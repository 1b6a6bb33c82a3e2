from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from headrace_crm.demo.person import Address, Layout
from headrace_crm.demo.texts import Transfer

Sort: TypeAlias = Literal["personal", "list", "newsletter", "robot"]
Flaw: TypeAlias = Literal["no-date", "no-message-id", "raw-header"]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a letter, small enough to hold."""

    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """One message before it is bytes.

    `sent_at` carries the sender's own offset. `conversation` is the same for every letter of a thread. `text`
    is the whole body: greeting, paragraphs, signature and quote; HTML parts are made from it.
    `declared_charset` is what the header claims where that is not the truth. `headers` come last, as they
    stand.
    """

    message_id: str
    conversation: str
    sort: Sort
    sender: Address
    to: tuple[Address, ...]
    subject: str
    sent_at: datetime
    text: str
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    references: tuple[str, ...] = ()
    charset: str = "utf-8"
    declared_charset: str | None = None
    transfer: Transfer = "quoted-printable"
    layout: Layout = "plain"
    attachments: tuple[Attachment, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    flaws: frozenset[Flaw] = frozenset()

    @property
    def recipients(self) -> frozenset[str]:
        """Every address in To, Cc and Bcc."""
        return frozenset(each.spec for each in (*self.to, *self.cc, *self.bcc))
