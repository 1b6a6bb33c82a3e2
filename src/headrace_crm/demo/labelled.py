"""Letters whose signatures are known: what reads signatures is measured by them."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from headrace_crm.demo.cast import people_of, read_cast
from headrace_crm.demo.chance import chance
from headrace_crm.demo.person import Person
from headrace_crm.demo.signing import Identity, Truth, identity, read_stock, sign
from headrace_crm.demo.texts import read_phrases

_MOST_PEOPLE: Final = 400
_PRIVATE: Final = 0.3
"""How many write from an address whose host tells nothing."""
_NAMELESS: Final = 0.1
_QUOTED: Final = 0.4


@dataclass(frozen=True, slots=True)
class LabelledLetter:
    """A letter as it arrives, its header name possibly empty, and what its signature says."""

    name: str
    email: str
    body: str
    truth: Truth


def labelled_letters(*, count: int, seed: int) -> Iterator[LabelledLetter]:
    """Letters of many people in many manners, the same for the same seed; 400 people at most, in turn."""
    cast = read_cast()
    people = people_of(cast, count=min(count, _MOST_PEOPLE), seed=seed)
    for number in range(count):
        source = chance(seed, "labelled", number)
        yield _letter(people[number % len(people)], people[(number * 7 + 3) % len(people)], source)


def _letter(person: Person, other: Person, source: Random) -> LabelledLetter:
    phrases = read_phrases(person.language)
    who = _identity(person, source)
    topic = source.choice(phrases.topics)
    words = phrases.fill(source=source, you="you", me=person.given, other=other.name)
    text = topic.sentence("open", source=source).format_map(words)
    signed = sign(who, closing=source.choice(phrases.closings), source=source)
    lines = [text, "", *signed.lines]
    if source.random() < _QUOTED:
        lines += _quote(_identity(other, source), source)
    name = "" if source.random() < _NAMELESS and signed.truth != Truth() else person.name
    return LabelledLetter(name, who.email, "\n".join(lines) + "\n", signed.truth)


def _identity(person: Person, source: Random) -> Identity:
    email = person.work if source.random() >= _PRIVATE else f"{person.work.partition('@')[0]}@example.org"
    link = f"{source.choice(('https://www.', 'https://', 'www.', 'http://'))}{person.domain}"
    return identity(person.name, given=person.given, email=email, link=link, source=source)


def _quote(other: Identity, source: Random) -> list[str]:
    signed = sign(other, closing=source.choice(read_phrases("en").closings), source=source)
    trap = source.choice(read_stock().traps).split("\n")
    return ["", f"On Mon, 06 Jan 2025 at 10:00, {other.name} <{other.email}> wrote:"] + [
        f"> {line}" for line in (*trap, *signed.lines)
    ]
