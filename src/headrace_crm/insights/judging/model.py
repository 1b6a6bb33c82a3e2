"""What a language model proposed about one person, without any word of a letter."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from typing import Final, Literal, TypeAlias, get_args
from uuid import UUID

from headrace_crm.insights.model import Letter

JudgedKind: TypeAlias = Literal[
    "unanswered_question", "owes_reply", "waiting_for_reply", "meeting_follow_up", "changed_role", "introduction"
]
"""The kinds a model may name. What is counted, and what stands in headers and signatures, is for rules."""

JUDGED_KINDS: Final[tuple[JudgedKind, ...]] = get_args(JudgedKind)
Span: TypeAlias = tuple[int, int]
"""A piece of a letter's text: from the first number up to and without the second."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """One thing that a letter shows: `quote` is where in its text, `name` where the person to be introduced to stands.

    `due` is the day by which it was to be, or on which two were to meet.
    """

    kind: JudgedKind
    message_id: int
    quote: Span
    due: date | None = None
    name: Span | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the model `by` said of one contact.

    `letters` are digests of the letters it has been shown, by message. `seen_through` is when the newest letter was
    sent that there was when it proposed `proposals`.
    """

    contact_id: UUID
    by: str
    seen_through: datetime
    letters: Mapping[int, str] = field(default_factory=dict[int, str])
    proposals: tuple[Proposal, ...] = ()


def digest(letter: Letter) -> str:
    """Names what a letter says: another text under the same message has another one."""
    said = f"{letter.direction}\0{letter.sent_at.isoformat()}\0{letter.subject}\0{letter.text}"
    return sha256(said.encode(errors="surrogatepass")).hexdigest()[:32]


def unreadable(
    before: Judgement | None, contact_id: UUID, *, by: str, shown: Mapping[int, str], at: datetime
) -> Judgement:
    """What stands after an answer that nothing could be read of.

    These letters count as shown, and what was said before of letters that say the same holds on.
    """
    if before is None:
        return Judgement(contact_id, by, at, shown)
    held = tuple(
        each
        for each in before.proposals
        if shown.get(each.message_id, before.letters[each.message_id]) == before.letters[each.message_id]
    )
    letters = {each.message_id: before.letters[each.message_id] for each in held}
    return Judgement(contact_id, before.by, before.seen_through, {**letters, **shown}, held)
