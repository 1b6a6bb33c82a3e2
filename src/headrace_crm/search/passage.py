"""Texts cut into passages that are found, ranked and cited one by one: pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeAlias, cast
from uuid import UUID

PASSAGE_CHARS: Final = 1_200
"""About what an embedding of averaged words can still tell, and a reader takes in at a glance."""
MAX_PASSAGES: Final = 20
"""Passages kept of one text; nobody writes more by hand."""
MAX_TITLE_CHARS: Final = 300

Kind: TypeAlias = Literal["message", "contact", "question"]

_FACTS: Final = (
    "title", "organisation", "location", "topics", "bio", "website", "x_handle", "linkedin_url", "phone"
)  # fmt: skip
_PARAGRAPHS: Final = re.compile(r"\n[ \t]*\n")
_SPACE: Final = re.compile(r"\s")
_REPLY_MARKS: Final = re.compile(
    r"^\s*(?:(?:re|aw|antw|sv|fwd?|wg|tr)\s*(?:\[\d+\])?\s*:\s*|\[[^\]]{1,60}\]\s*)+", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A piece of text to be found. Exactly one of `message_id`, `contact_id` and `question_id` is set."""

    owner_id: UUID
    kind: Kind
    number: int
    title: str
    body: str
    occurred_at: datetime
    message_id: int | None = None
    contact_id: UUID | None = None
    question_id: UUID | None = None

    @property
    def text(self) -> str:
        """What is embedded."""
        return f"{self.title}\n{self.body}".strip()


def message_passages(
    owner_id: UUID, message_id: int, *, subject: str, text: str, sent_at: datetime
) -> Iterator[Passage]:
    """The passages of a message's own words, each under its subject; one without any words has one passage."""
    title = bare_subject(subject)
    for number, body in enumerate(split_text(text)):
        yield Passage(
            owner_id=owner_id,
            kind="message",
            number=number,
            title=title,
            body=body,
            occurred_at=sent_at,
            message_id=message_id,
        )


def contact_passage(
    owner_id: UUID, contact_id: UUID, *, name: str, addresses: Sequence[str], facts: Sequence[str], at: datetime
) -> Passage:
    """The passage of a person: name, addresses, and what else is known, one fact a line."""
    hosts = {email.rpartition("@")[2] for email in addresses}
    places = " ".join(sorted(host.replace(".", " ") for host in hosts))
    return Passage(
        owner_id=owner_id,
        kind="contact",
        number=0,
        title=name[:MAX_TITLE_CHARS],
        body="\n".join((*addresses, places, *facts))[:PASSAGE_CHARS],
        occurred_at=at,
        contact_id=contact_id,
    )


def facts_of(profile: Mapping[str, object]) -> list[str]:
    """The lines of a profile that a search may find a person by: what they are first, then how they are reached."""
    lines: list[str] = []
    for name in _FACTS:
        value = profile.get(name)
        parts = [str(one) for one in cast("list[object]", value)] if isinstance(value, list) else [str(value or "")]
        lines.append(", ".join(parts))
    return [line for line in lines if line]


def question_passage(owner_id: UUID, question_id: UUID, *, text: str, asked_at: datetime) -> Passage:
    """The passage of a question that was asked."""
    return Passage(
        owner_id=owner_id,
        kind="question",
        number=0,
        title="",
        body=text[:PASSAGE_CHARS],
        occurred_at=asked_at,
        question_id=question_id,
    )


def bare_subject(subject: str) -> str:
    """A subject without `Re:` and the like, and without a list's tag; the subject itself where nothing is left."""
    return (_REPLY_MARKS.sub("", subject).strip() or subject.strip())[:MAX_TITLE_CHARS]


def split_text(text: str, *, chars: int = PASSAGE_CHARS, most: int = MAX_PASSAGES) -> list[str]:
    """Cut a text between paragraphs into pieces of about `chars` characters; what is beyond `most` is left out.

    A paragraph longer than that is cut between words. An empty text is one empty piece.
    """
    pieces: list[str] = []
    piece = ""
    for part in _parts(text, chars):
        if piece and len(piece) + len(part) + 2 > chars:
            pieces.append(piece)
            piece = ""
        if len(pieces) >= most:
            return pieces
        piece = f"{piece}\n\n{part}" if piece else part
    if piece or not pieces:
        pieces.append(piece)
    return pieces[:most]


def _parts(text: str, chars: int) -> Iterator[str]:
    for paragraph in _PARAGRAPHS.split(text):
        rest = paragraph.strip()
        while len(rest) > chars:
            spaces = [found.start() for found in _SPACE.finditer(rest, chars // 2, chars)]
            cut = spaces[-1] if spaces else chars
            yield rest[:cut].rstrip()
            rest = rest[cut:].lstrip()
        if rest:
            yield rest
