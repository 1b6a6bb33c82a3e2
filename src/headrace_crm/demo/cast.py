from collections.abc import Iterator
from datetime import timedelta
from itertools import product
from random import Random

import msgspec

from headrace_crm.demo.chance import chance
from headrace_crm.demo.person import Language, Layout, Person, Quoting
from headrace_crm.demo.texts import read_phrases, read_text

WITH_PRIVATE = frozenset({0, 1, 6})
QUOTING: tuple[Quoting, ...] = ("below", "above", "above", "outlook", "above", "none")
LAYOUTS: tuple[Layout, ...] = ("plain", "plain", "alternative", "plain", "alternative", "html", "plain")


class Owner(msgspec.Struct, frozen=True):
    """Whose mailbox it is."""

    name: str
    work: str
    private: str
    title: str
    organisation: str
    domain: str
    phone: str


class Organisation(msgspec.Struct, frozen=True):
    """A place of work and its domain."""

    name: str
    domain: str


class Culture(msgspec.Struct, frozen=True):
    """Names that go together, as `Shown|ascii` where the address is spelled otherwise."""

    language: Language
    utc_offset_hours: float
    given: list[str]
    family: list[str]


class Cast(msgspec.Struct, frozen=True):
    """The parts that people are put together from."""

    private_domains: list[str]
    titles: list[tuple[str, str]]
    owner: Owner
    organisations: list[Organisation]
    cultures: list[Culture]


def read_cast() -> Cast:
    """Return the invented names, titles, places of work and domains that ship with the package."""
    return msgspec.toml.decode(read_text("cast"), type=Cast)


def owner_of(cast: Cast) -> Person:
    """Return the person whose mailbox it is; the name is ASCII, so that every charset can quote it."""
    owner = cast.owner
    return Person(
        name=owner.name,
        given=owner.name.split()[0],
        work=owner.work,
        private=owner.private,
        title=owner.title,
        later_title=owner.title,
        organisation=owner.organisation,
        phone=owner.phone,
        language="en",
        utc_offset=timedelta(hours=1),
        quoting="above",
        layout="plain",
        charset="utf-8",
        transfer="quoted-printable",
    )


def people_of(cast: Cast, *, count: int, seed: int) -> list[Person]:
    """Return `count` people with different names and addresses, the cultures in turn.

    Three of ten have a private address too; every sixth changes title shortly before the end; two of three write
    the language of their culture.
    """
    names = [_names(culture, chance(seed, "names", number)) for number, culture in enumerate(cast.cultures)]
    available = sum(len(culture.given) * len(culture.family) for culture in cast.cultures)
    if count > available:
        raise ValueError(f"count must be at most {available}, the names there are, got {count}; write fewer messages")
    people: list[Person] = []
    turn = 0
    while len(people) < count:
        number = turn % len(cast.cultures)
        turn += 1
        name = next(names[number], None)
        if name is not None:
            people.append(_person(len(people), name, cast.cultures[number], cast, chance(seed, "person", *name)))
    return people


def _names(culture: Culture, source: Random) -> Iterator[tuple[str, str]]:
    pairs = list(product(culture.given, culture.family))
    source.shuffle(pairs)
    yield from pairs


def _person(index: int, name: tuple[str, str], culture: Culture, cast: Cast, source: Random) -> Person:
    (given, given_spec), (family, family_spec) = map(_spelled, name)
    organisation = source.choice(cast.organisations)
    title, promoted = source.choice(cast.titles)
    family_first = culture.language in {"ja", "zh"}
    in_english = culture.language == "en" or (index % 3 == 2 and not family_first)  # noqa: PLR2004 - a third
    language: Language = "en" if in_english else culture.language
    encodings = read_phrases(language).encodings
    # In turn and not by chance, so that even a few people show every charset.
    turn = index if in_english else index // len(cast.cultures)
    charset, transfer = encodings[turn % len(encodings)]
    private = f"{given_spec}.{family_spec}@{source.choice(cast.private_domains)}"
    return Person(
        name=f"{family} {given}" if family_first else f"{given} {family}",
        given=family if family_first else given,
        work=f"{given_spec}.{family_spec}@{organisation.domain}",
        private=private if index % 10 in WITH_PRIVATE else None,
        title=title,
        later_title=promoted if index % 6 == 1 else title,
        organisation=organisation.name,
        phone=f"+1 202 555 01{index % 99 + 1:02}",
        language=language,
        utc_offset=timedelta(hours=culture.utc_offset_hours),
        quoting=source.choice(QUOTING),
        layout=source.choice(LAYOUTS) if in_english else "plain",
        charset=charset,
        transfer=transfer,
    )


def _spelled(name: str) -> tuple[str, str]:
    shown, _, ascii_form = name.partition("|")
    return shown, ascii_form or shown.lower()
