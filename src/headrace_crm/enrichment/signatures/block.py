"""Where in a message its author signs."""

import re
from dataclasses import dataclass
from typing import Final

from headrace_crm.enrichment.signatures.sender import Sender, shared_name_words
from headrace_crm.enrichment.signatures.words import folded, read_words

_MOST_LINES: Final = 16
_LAST_LINES: Final = 16
_LONGEST_LINE: Final = 160
_CLOSING_WORDS: Final = 6

_END: Final = re.compile(
    r"(?:diff |index: |--- \S|\+\+\+ \S|@@ |begin \d{3} |from [0-9a-f]{7,}|.*\bconfidential"
    r"|.*\bvertraulich|.*\bconfidentiel"
    r"|this (?:e-?mail|message|communication)\b|diese e-?mail\b|ce (?:message|courriel)\b"
    r"|disclaimer|please consider the env"
    r"|-----begin|_{5}.*mailing list|p\.?\s?s\.?[: ])",
    re.IGNORECASE,
)
"""What stands below a signature and is none."""
_DEVICE: Final = re.compile(
    r"(?:sent (?:from|via|with|using)|get outlook|envoy\u00e9 de|von meinem|enviado desde|verzonden)\b", re.IGNORECASE
)
_PARTED: Final = re.compile(r"[|,;(\u00b7\u2022]|\s+[-\u2013\u2014/]+\s|\s{3,}")
_BORDER: Final = re.compile(r"[ \t*|#=~_>\u2013\u2014]+|\+(?=\s|\+|-|$)")
"""Of a box; not the plus of a number."""


@dataclass(frozen=True, slots=True)
class Block:
    """The lines of a signature from the top, blank ones as they stand; `is_marked` where `-- ` stands above."""

    lines: tuple[str, ...]
    is_marked: bool


def find_block(text: str, signature: str, sender: Sender) -> Block | None:
    """The signature of a message in two parts, as `read_reply` gives them; None where it is not signed.

    What follows `-- ` is one. Without it, what follows a closing phrase at the end, or begins with the sender's
    own name there: a line that only looks like a signature is none.
    """
    lines = _upper(signature.splitlines()[1:] if signature.startswith("--") else signature.splitlines())
    if lines:
        return Block(lines, is_marked=True)
    return _unmarked(text.splitlines()[-_LAST_LINES:], sender)


def is_closing(line: str) -> bool:
    """True for `Best regards,` and the like."""
    bare = folded(line).strip(" \t,.!;:*_-\u2014\u2013\u3002\uff0c\uff01")
    return len(bare.split()) <= _CLOSING_WORDS and bare in read_words().closings


def _unmarked(lines: list[str], sender: Sender) -> Block | None:
    start = next((index for index in range(len(lines) - 1, -1, -1) if is_closing(lines[index])), None)
    if start is not None:
        found = _upper(lines[start + 1 :])
        return Block(found, is_marked=False) if found and shared_name_words(_first_part(found[0]), sender) else None
    # Without a closing, the name has to stand on a line of its own below a blank one.
    for index, line in enumerate(lines):
        is_apart = index == 0 or not lines[index - 1].strip()
        if is_apart and shared_name_words(_first_part(line), sender) > 1:
            found = _upper(lines[index:])
            return Block(found, is_marked=False) if found else None
    return None


def _first_part(line: str) -> str:
    return _PARTED.split(_without_border(line), maxsplit=1)[0]


def _without_border(line: str) -> str:
    bare = line.rstrip(" \t*|#=~_>+\u2013\u2014")
    begin = 0
    while border := _BORDER.match(bare, begin):
        begin = border.end()
    return bare[begin:]


def _upper(lines: list[str]) -> tuple[str, ...]:
    kept: list[str] = []
    for line in lines:
        bare = _without_border(line)
        if _END.match(bare) or (len(bare) > _LONGEST_LINE and kept):
            break
        if not _DEVICE.match(bare) and not is_closing(bare):
            kept.append(bare[:_LONGEST_LINE] if bare.strip("-") else "")
        if len(kept) == _MOST_LINES:
            break
    while kept and not kept[0]:
        del kept[0]
    return tuple(kept)
