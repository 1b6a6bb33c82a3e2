"""The people a question names: pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

_WORD: Final = re.compile(r"[^\W\d_][\w'\u2019-]*")
_OWNED: Final = re.compile(r"['\u2019]s?$")
_ADDRESS: Final = re.compile(r"[^\s<>()\[\],;:\"?!]+@[^\s<>()\[\],;:\"'\u2019?!]+")
_LEAST_CHARS: Final = 3


@dataclass(frozen=True, slots=True)
class Nameable:
    """A contact that a question may name."""

    id: UUID
    name: str
    addresses: tuple[str, ...]


def people_in(question: str, people: Iterable[Nameable]) -> tuple[Nameable, ...]:
    """Those whose address or whole name stands in the question; else the one whose single name does.

    A single name counts only where it is written with a capital letter, is no first word, and fits one person alone.
    """
    words = [_OWNED.sub("", word) for word in _WORD.findall(question)]
    folded = f" {' '.join(words).casefold()} "
    emails = {email.casefold().rstrip(".") for email in _ADDRESS.findall(question)}
    known = list(people)
    whole = [
        each
        for each in known
        if emails.intersection(each.addresses)
        or (len(each.name.split()) > 1 and f" {' '.join(_WORD.findall(each.name)).casefold()} " in folded)
    ]
    if whole:
        return tuple(whole)
    asked = {word.casefold() for word in words[1:] if word[0].isupper() and len(word) >= _LEAST_CHARS}
    single = [each for each in known if asked & {part.casefold() for part in _WORD.findall(each.name)}]
    return tuple(single) if len(single) == 1 else ()
