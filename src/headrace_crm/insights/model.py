"""What rules see of one person, and what they find."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias, get_args
from uuid import UUID

from headrace_crm.scores.model import Direction

Kind: TypeAlias = Literal[
    "unanswered_question",
    "owes_reply",
    "waiting_for_reply",
    "meeting_follow_up",
    "going_cold",
    "changed_role",
    "changed_address",
    "introduction",
    "birthday",
]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
State: TypeAlias = Literal["open", "accepted", "dismissed", "expired"]
STATES: Final[tuple[State, ...]] = get_args(State)
BY_RULES: Final = "rules"
"""Who found it, where no language model did."""


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody an owner knows: the name to call them by, and the addresses they write from."""

    id: UUID
    name: str
    addresses: frozenset[str]


@dataclass(frozen=True, slots=True)
class Letter:
    """A message between the owner and one person; `sent_at` is aware, `sender` the address it came from.

    `text` is what its author wrote themselves, empty where it was not read: it is for the newest letters only.
    `is_direct` where To names the owner, or for a sent one the person; `to_count` is how many addresses To has.
    `is_for_people` is False for mail in bulk and of machines, which no rule looks at.
    """

    message_id: int
    thread_id: int
    direction: Direction
    sent_at: datetime
    subject: str = ""
    sender: str = ""
    text: str = ""
    is_direct: bool = True
    to_count: int = 1
    is_for_people: bool = True


@dataclass(frozen=True, slots=True)
class Role:
    """What a signature said its author was, first in one message; `text` as it stands there."""

    text: str
    message_id: int
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Birthday:
    """The day of the year that a signature gives as its author's birthday."""

    month: int
    day: int
    message_id: int
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class PositionChange:
    """A title or an organisation that a source found in the place of another; `evidence` is the source's own word."""

    old: str
    new: str
    evidence: str
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything rules see of one person.

    `letters` ascend by time. `threads` says when anybody wrote last in the threads of the newest letters. `roles` are
    those of signatures, in order of time, each other than the one before; `positions` is what else is known to have
    changed, in order of time. `known` are contacts of the owner by their folded names: those whom a letter asks to be
    introduced to. `birthday` is what their newest signature with one says.
    """

    contact: Contact
    owner_addresses: frozenset[str]
    letters: tuple[Letter, ...]
    threads: Mapping[int, datetime] = field(default_factory=dict[int, datetime])
    roles: tuple[Role, ...] = ()
    positions: tuple[PositionChange, ...] = ()
    known: Mapping[str, "Acquaintance"] = field(default_factory=dict[str, "Acquaintance"])
    birthday: Birthday | None = None


@dataclass(frozen=True, slots=True)
class Acquaintance:
    """Another contact, and the newest message that named both of them."""

    contact: Contact
    together_at: datetime | None


@dataclass(frozen=True, slots=True)
class Finding:
    """Something worth doing about one person.

    `key` names the fact, the same for as long as it holds; `fingerprint` names what it rests on: with another one it is
    news again. `score` is from 0 to 1. `message_ids` and `numbers` are the evidence. `other_id` is a second contact,
    whom `text` names. `found_by` is `BY_RULES`, or the name of a language model.
    """

    kind: Kind
    key: str
    fingerprint: str
    score: float
    text: str
    message_ids: tuple[int, ...] = ()
    numbers: Mapping[str, float] = field(default_factory=dict[str, float])
    other_id: UUID | None = None
    found_by: str = BY_RULES


def days(span: timedelta) -> float:
    """A span in days."""
    return span / timedelta(days=1)
