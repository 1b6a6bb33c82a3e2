"""What one message is once it has been read: plain values, safe to store and to compare."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

MAX_BODY_CHARS: Final = 200_000
MAX_SUBJECT_CHARS: Final = 998
MAX_NAME_CHARS: Final = 200
MAX_EMAIL_CHARS: Final = 320
MAX_RECIPIENTS: Final = 500
"""Addresses kept for each of To, Cc, Bcc and Reply-To; the first ones win."""
MAX_REFERENCES: Final = 100
"""Ids kept of References: the first (the root of the thread) and the newest."""
MAX_ATTACHMENTS: Final = 200
MAX_LABELS: Final = 100


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox: a lower-cased `local@host` (or bare `local`) and the name beside it, empty when absent."""

    email: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """What is known of one attached part; its bytes are not kept.

    `size_bytes` is the decoded size, worked out from the encoded length without decoding.
    """

    filename: str
    content_type: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class ParsedMessage:
    """One message, decoded and bounded: every text encodes to UTF-8 and holds no NUL.

    - `message_key` names the message wherever it came from: the normalised Message-ID, else
      `hash:` and a SHA-256 of date, sender, subject and body.
    - `message_id`, `in_reply_to` and `references` are without angle brackets; an id too long to index is
      replaced by its hash, the same way in all three, so that threads still join.
    - `sent_at` is aware UTC. `date_is_guessed` says that the Date header could not be believed.
    - `sender` is the first address of From, else of Sender; None when neither names one.
    - `list_addresses` are the addresses this message itself declares to be a list's, `list_id` its List-Id.
    - `is_automated`: a program answered or reported (Auto-Submitted, auto-reply marks, delivery reports).
    - `is_precedence_bulk`: Precedence says bulk or junk. Old list servers say so too.
    - `has_unsubscribe`: the message offers List-Unsubscribe.
    - `is_list_post`: it went through a discussion list (List-Post, X-list, X-Mailing-List, ...).
    - `labels` and `provider_thread_id` are what Gmail and Takeout add.
    - `is_truncated`: text, recipients or the message itself was longer than what is kept.
    """

    message_key: str
    message_id: str | None
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    subject: str
    sent_at: datetime
    date_is_guessed: bool
    sender: Address | None
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    bcc: tuple[Address, ...]
    list_addresses: tuple[str, ...]
    list_id: str | None
    is_automated: bool
    is_precedence_bulk: bool
    has_unsubscribe: bool
    is_list_post: bool
    body_text: str
    attachments: tuple[Attachment, ...]
    labels: tuple[str, ...]
    provider_thread_id: str | None
    size_bytes: int
    is_truncated: bool

    @property
    def recipients(self) -> tuple[Address, ...]:
        """To, Cc and Bcc in that order, as written: an address may occur twice."""
        return self.to + self.cc + self.bcc


@dataclass(frozen=True, slots=True)
class UnparsedMessage:
    """A message that could not be read: kept with the reason, so that nothing disappears.

    `message_key` is `hash:` and the SHA-256 of the raw bytes.
    """

    message_key: str
    error: str
    size_bytes: int
