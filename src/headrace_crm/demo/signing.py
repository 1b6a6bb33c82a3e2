"""How invented people sign: lines in many manners, each with the truth about what is in them."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Final

import msgspec

from headrace_crm.demo.texts import read_text

_LABELS: Final = ("Tel: ", "T: ", "Phone ", "Mobile: ", "Mob. ", "Tel.: ", "office ", "")
_PLACE: Final = re.compile(r"#")


class Stock(msgspec.Struct, frozen=True):
    """What signatures are put together from."""

    titles: list[str]
    organisations: list[str]
    departments: list[str]
    phones: list[str]
    faxes: list[str]
    streets: list[str]
    sayings: list[str]
    disclaimers: list[str]
    devices: list[str]
    traps: list[str]


@dataclass(frozen=True, slots=True)
class Identity:
    """What is true of who signs."""

    name: str
    given: str
    title: str
    organisation: str
    phones: tuple[str, ...]
    link: str
    email: str


@dataclass(frozen=True, slots=True)
class Truth:
    """What a signature says of its writer: None and empty for what is not in it."""

    name: str | None = None
    title: str | None = None
    organisation: str | None = None
    phones: tuple[str, ...] = ()
    links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Signed:
    """The lines below a letter's text, the mark or the closing among them, and their truth."""

    lines: tuple[str, ...]
    truth: Truth


@cache
def read_stock() -> Stock:
    """The parts that ship with the package; read once, because every letter asks for them."""
    return msgspec.toml.decode(read_text("signatures"), type=Stock)


def identity(name: str, *, given: str, email: str, link: str, source: Random) -> Identity:
    """Draw what somebody does, where, and how they are reached."""
    stock = read_stock()
    phones = source.sample(stock.phones, source.choice((1, 1, 2)))
    return Identity(
        name,
        given,
        source.choice(stock.titles),
        source.choice(stock.organisations),
        tuple(_PLACE.sub(lambda _: str(source.randint(1, 9)), phone) for phone in phones),
        link,
        email,
    )


def sign(who: Identity, *, closing: str, source: Random) -> Signed:
    """Sign in one of the manners people have; what stands below a signature may follow."""
    signed = source.choice(_MANNERS)(who, closing, source)
    stock = read_stock()
    below: Sequence[str] = ()
    match source.randrange(8):
        case 0:
            below = ("", source.choice(stock.sayings))
        case 1:
            below = ("", source.choice(stock.disclaimers))
        case 2:
            below = ("", source.choice(stock.devices))
        case _:
            pass
    return Signed((*signed.lines, *below), signed.truth)


def _classic(who: Identity, closing: str, source: Random) -> Signed:
    lines = (closing, who.given, "", "-- ", who.name, f"{who.title}, {who.organisation}", *_phone_lines(who, source))
    return Signed((*lines, who.link), Truth(who.name, who.title, who.organisation, who.phones, (who.link,)))


def _stacked(who: Identity, closing: str, source: Random) -> Signed:
    stock = read_stock()
    street = source.choice(stock.streets).split("\n")
    lines = (closing, "", "-- ", who.name, who.title, who.organisation, *street, *_phone_lines(who, source))
    contact = (source.choice(stock.faxes), f"{who.email} | {who.link}")
    return Signed((*lines, *contact), Truth(who.name, who.title, who.organisation, who.phones, (who.link,)))


def _on_one_line(who: Identity, closing: str, source: Random) -> Signed:
    mark = source.choice((" | ", " - ", " \u00b7 ", " / "))
    line = mark.join((who.name, who.title, who.organisation, who.phones[0]))
    return Signed((closing, "", line), Truth(who.name, who.title, who.organisation, who.phones[:1]))


def _closed(who: Identity, closing: str, source: Random) -> Signed:
    lines = (closing, who.name, who.title, who.organisation, *_phone_lines(who, source))
    return Signed(lines, Truth(who.name, who.title, who.organisation, who.phones))


def _at(who: Identity, closing: str, source: Random) -> Signed:
    lines = (closing, "", who.name, f"{who.title} {source.choice(('at', '@'))} {who.organisation}")
    return Signed(lines, Truth(who.name, who.title, who.organisation))


def _by_department(who: Identity, closing: str, source: Random) -> Signed:
    department = source.choice(read_stock().departments)
    lines = (closing, who.given, "-- ", f"{who.name}, {who.title}", department, who.organisation, who.link)
    return Signed(lines, Truth(who.name, who.title, who.organisation, (), (who.link,)))


def _boxed(who: Identity, closing: str, source: Random) -> Signed:
    rule = source.choice("=*-") * 40
    lines = (closing, "", "-- ", rule, f"  {who.name}", f"  {who.organisation}", *_phone_lines(who, source), rule)
    return Signed(lines, Truth(who.name, None, who.organisation, who.phones))


def _name_and_title(who: Identity, closing: str, source: Random) -> Signed:
    del source
    return Signed((closing, who.name, who.title), Truth(who.name, who.title))


def _name_alone(who: Identity, closing: str, source: Random) -> Signed:
    del source
    return Signed((closing, "", "-- ", who.name), Truth(who.name))


def _given_alone(who: Identity, closing: str, source: Random) -> Signed:
    del source
    return Signed((closing, who.given), Truth())


def _unsigned(who: Identity, closing: str, source: Random) -> Signed:
    del who, closing
    return Signed(tuple(source.choice(read_stock().traps).split("\n")), Truth())


def _phone_lines(who: Identity, source: Random) -> list[str]:
    labelled = [f"{source.choice(_LABELS)}{phone}" for phone in who.phones]
    return ["  ".join(labelled)] if source.random() < 1 / 3 and len(labelled) > 1 and ":" in labelled[1] else labelled


_Manner = Callable[[Identity, str, Random], Signed]
_MANNERS: Final[tuple[_Manner, ...]] = (
    _classic, _classic, _stacked, _stacked, _closed, _closed, _on_one_line, _at, _by_department, _boxed,
    _name_and_title, _name_alone, _given_alone, _unsigned,
)  # fmt: skip
