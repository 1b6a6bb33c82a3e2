"""What to call a person, out of the names seen beside their addresses."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_SEPARATORS: Final = re.compile(r"[._]+")
_WORD: Final = re.compile(r"[^\W\d_]{2,}(?:-[^\W\d_]{2,})*")


@dataclass(frozen=True, slots=True)
class SeenName:
    """A display name, as written, and how often."""

    name: str
    count: int


def display_name(own: Iterable[SeenName], others: Iterable[SeenName], email: str) -> str:
    """Choose a person's name: theirs as they write it, else as others do, else what the address says."""
    return best_name(own) or best_name(others) or name_from_address(email)


def best_name(seen: Iterable[SeenName]) -> str | None:
    """The name seen most often, the first in the alphabet among equals; None where none is a name.

    What contains an address or has no letter is no name.
    """
    counts: Counter[str] = Counter()
    for each in seen:
        if "@" not in each.name and any(character.isalpha() for character in each.name):
            counts[each.name] += each.count
    return min(counts, key=lambda name: (-counts[name], name), default=None)


def name_from_address(email: str) -> str:
    """Read a name out of an address where it is one.

    >>> name_from_address("ines.vidal@example.org"), name_from_address("iv77@example.org")
    ('Ines Vidal', 'iv77')
    """
    local = email.rpartition("@")[0] or email
    words = _SEPARATORS.split(local.partition("+")[0])
    if len(words) > 1 and all(_WORD.fullmatch(word) for word in words):
        return " ".join(word.title() for word in words)
    return local
