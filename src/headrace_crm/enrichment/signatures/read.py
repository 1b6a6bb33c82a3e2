"""Reads one message's signature: name, role, organisation, phones, links and other addresses of who wrote it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from headrace_crm.enrichment.signatures.block import Block, find_block
from headrace_crm.enrichment.signatures.facts import NOTHING, Fact, Facts
from headrace_crm.enrichment.signatures.kinds import Kind, is_site, naming_of
from headrace_crm.enrichment.signatures.links import read_links
from headrace_crm.enrichment.signatures.phones import read_phones
from headrace_crm.enrichment.signatures.sender import Sender, shared_name_words
from headrace_crm.enrichment.signatures.words import words_of
from headrace_crm.mail.full_name import full_name

MARKED: Final = 0.85
"""How sure a fact is that stands under the signer's own name, below `-- `."""
CLOSED: Final = 0.75
"""The same below a closing phrase."""
NAMELESS: Final = 0.6
"""Below `-- `, without the signer's name."""
_BY_PLACE: Final = 0.15
"""What is taken off where only its place among the others says what a line is."""

_MAIL: Final = re.compile(r"(?<![\w.+@/-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,5}[a-z]{2,12}(?![\w@])", re.IGNORECASE)
_BREAK: Final = re.compile(
    r"\s*[|\u00b7\u2022;\uff0c\u3001]\s*|\s+(?:[-\u2013\u2014]{1,3}|//?|\*)\s+|\t+|\s{3,}|,\s+|\s*[()]\s*"
)
_AT: Final = re.compile(r"\s+(?:at|@|bei|chez|en|presso|w)\s+(?=[^\W\d_a-z])")
_LEGAL_TAIL: Final = re.compile(
    r",\s+(?=(?:inc|ltd|llc|llp|plc|co|corp|gmbh|ag|s\.?a|s\.?r\.?l|b\.?v|k\.?k|pty|oy|ab)(?![\w-]))", re.IGNORECASE
)
_LABELLED: Final = re.compile(r"[^\W\d_][\w -]{0,14}:\s")
_HONORIFIC: Final = re.compile(r"(?:dr|prof|mr|mrs|ms|ing|dipl|herr|frau|m|mme)\.?\s+", re.IGNORECASE)
_IDEOGRAPHS: Final = re.compile(r"[\u3040-\u9fff][\u3040-\u9fff ]+")
_NOISE: Final = re.compile(r"https?://|www\.|@| dot [a-z]|\.[a-z]{2,4}/", re.IGNORECASE)
_EDGE: Final = " \t,.:<>()[]{}*_\"'`\u00b4~^-\u2013\u2014"
_MOST_ADDRESSES: Final = 3
"""A block with more of them is a list, not a signature."""


@dataclass(frozen=True, slots=True)
class _Piece:
    text: str
    kind: Kind
    line: int


def read_signature(text: str, signature: str, sender: Sender) -> Facts:
    """The facts in a message's two parts, as `read_reply` gives them; `NOTHING` where it is not signed.

    A signature without the sender's name or address that has another person's is not the sender's: `NOTHING`.
    """
    block = find_block(text, signature, sender)
    if block is None:
        return NOTHING
    pieces = _pieces(block.lines, sender)
    named = _named(pieces, sender)
    addresses = tuple(dict.fromkeys(match.lower() for line in block.lines for match in _MAIL.findall(line)))
    is_own = named is not None or sender.email in addresses
    if len(addresses) > _MOST_ADDRESSES or (not is_own and (addresses or not block.is_marked or _is_stranger(pieces))):
        return NOTHING
    sure = _sureness(block, is_own=is_own)
    name = None if named is None else pieces[named]
    title, organisation = _role(pieces, named, sender, sure)
    return Facts(
        name=None if name is None or not _is_name(name.text, sender) else Fact(_HONORIFIC.sub("", name.text), sure),
        title=title,
        organisation=organisation,
        phones=read_phones(block.lines, sender.email, sure),
        links=read_links(block.lines, sender.email, sure),
        addresses=tuple(Fact(email, sure) for email in addresses if email != sender.email) if is_own else (),
    )


def _sureness(block: Block, *, is_own: bool) -> float:
    if not is_own:
        return NAMELESS
    return MARKED if block.is_marked else CLOSED


def _pieces(lines: Sequence[str], sender: Sender) -> list[_Piece]:
    found: list[_Piece] = []
    for number, line in enumerate(lines):
        kept = _MAIL.sub(" ", line)
        for text in _BREAK.split(_LEGAL_TAIL.sub(" ", kept)):
            for part in _parted(text):
                bare = part.strip(_EDGE)
                if bare and not _LABELLED.match(f"{part} ") and not _NOISE.search(bare):
                    found.append(_Piece(bare, naming_of(bare, sender.site), number))
    return found


def _parted(text: str) -> list[str]:
    """`Editor at Quill`, `Sales at Vidal Ltd` and `CEO of Vidal Ltd` in two; but not `Lost at Sea`."""
    left, *right = _AT.split(text, maxsplit=1)
    if right and (naming_of(left, "") == "title" or naming_of(right[0], "") == "organisation"):
        return [left, *right]
    left, of, firm = text.partition(" of ")
    if of and naming_of(left, "") == "title" and naming_of(firm, "") == "organisation":
        return [left, firm]
    return [text]


def _named(pieces: Sequence[_Piece], sender: Sender) -> int | None:
    """Where the signer's name stands: the piece with most of its words, among the first lines."""
    best, index = 0, None
    for number, piece in enumerate(pieces):
        shared = shared_name_words(piece.text, sender)
        # A firm may bear its founder's name, and a line above it then has more of it.
        if shared > best and not (piece.kind == "organisation" and len(words_of(piece.text)) > shared):
            best, index = shared, number
    return index


def _is_name(text: str, sender: Sender) -> bool:
    """True for a full name; where the header has one too, only if it is the same person's."""
    if full_name(sender.name) is not None and not shared_name_words(text, Sender(sender.name, "")):
        return False
    bare = _HONORIFIC.sub("", text)
    return full_name(bare) is not None or (bare == sender.name and _IDEOGRAPHS.fullmatch(bare) is not None)


def _is_stranger(pieces: Sequence[_Piece]) -> bool:
    """True where the first line is a name, though not the sender's."""
    first = pieces[0] if pieces else None
    if first is None or first.kind != "unknown":
        return False
    words = first.text.split()
    return full_name(first.text) is not None and len(words) < 4 and all(word[0].isupper() for word in words)  # noqa: PLR2004 - longer ones are sayings


def _role(pieces: Sequence[_Piece], named: int | None, sender: Sender, sure: float) -> tuple[Fact | None, Fact | None]:
    rest = [(index, piece) for index, piece in enumerate(pieces) if index != named]
    titles = [(index, piece) for index, piece in rest if piece.kind == "title"]
    organisations = [(index, piece) for index, piece in rest if piece.kind == "organisation"]
    title = titles[0] if titles else None
    organisation = max(organisations, key=lambda each: (is_site(each[1].text, sender.site), -each[0]), default=None)
    if title is None and organisation is not None and named is not None:
        title = _between(rest, named, organisation[0])
        if title is not None:
            return Fact(title[1].text, sure - _BY_PLACE), Fact(organisation[1].text, sure)
    if organisation is None and title is not None:
        organisation = _after(rest, title)
        if organisation is not None:
            return Fact(title[1].text, sure), Fact(organisation[1].text, sure - _BY_PLACE)
    return (
        None if title is None else Fact(title[1].text, sure),
        None if organisation is None else Fact(organisation[1].text, sure),
    )


def _between(rest: Sequence[tuple[int, _Piece]], named: int, organisation: int) -> tuple[int, _Piece] | None:
    """What stands alone between the name and the organisation is what the person is there."""
    between = [each for each in rest if named < each[0] < organisation]
    return between[0] if len(between) == 1 and between[0][1].kind == "unknown" else None


def _after(rest: Sequence[tuple[int, _Piece]], title: tuple[int, _Piece]) -> tuple[int, _Piece] | None:
    """What follows the role, on its line or the next, or below the department there, is where it is held."""
    index, piece = title
    line = piece.line
    following: tuple[int, _Piece] | None = None
    for each in rest:
        if each[0] > index and each[1].line <= line + 1:
            following = each
            if each[1].kind != "department":
                break
            line = each[1].line
    if following is None or following[1].kind != "unknown":
        return None
    text = following[1].text
    is_name = text[:1].isupper() or not text.isascii()
    return following if is_name and len(text.split()) <= 5 else None  # noqa: PLR2004 - longer ones are sayings
