"""Who an address stands for, before they are forgotten."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from headrace import Connection, statement
from headrace_crm.errors import CrmError
from headrace_crm.mail.addresses import make_address
from headrace_crm.mail.cutting_out import name_orders

_PACKAGE: Final = "headrace_crm.maintenance"
_WORD: Final = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_SHORTEST: Final = 3


class NotAnAddressError(CrmError):
    """What is to be erased is no e-mail address."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{text!r} is no e-mail address; write it as name@example.org, `crm show` tells a person's")
        self.text = text


class OwnerErasedError(CrmError):
    """Who is to be erased owns mail here."""

    def __init__(self, email: str) -> None:
        super().__init__(f"{email} is an owner's address, and an owner is not erased from their own mail")
        self.email = email


@dataclass(frozen=True, slots=True)
class Whom:
    """A person as all owners together know them: contacts, addresses, full names nobody else has.

    `words` are those of all their names, in lower case, of three letters or more: others may be called so too.
    """

    contact_ids: tuple[UUID, ...]
    addresses: tuple[str, ...]
    names: tuple[str, ...]
    words: tuple[str, ...] = ()

    @property
    def marks(self) -> tuple[str, ...]:
        """What a text that names them has in it, in lower case and with single blanks."""
        return marks_of(self.addresses, self.names)


@dataclass(frozen=True, slots=True)
class Preview:
    """What an erasure will find: `written` messages go, of all `concerned` those with others are changed."""

    whom: Whom
    written: int
    concerned: int


def marks_of(addresses: Iterable[str], names: Iterable[str]) -> tuple[str, ...]:
    """What a text has in it that names somebody by one of these: lower case, words parted by single blanks."""
    spoken = {" ".join(words).lower() for name in names for words in name_orders(name)}
    return tuple(sorted({*addresses, *spoken}))


async def find_whom(connection: Connection, text: str) -> Whom:
    """The person of an address: who has it, for any owner, with all their addresses, and who has one of those.

    Somebody nobody knows has this address alone. Raises NotAnAddressError, and OwnerErasedError where one of the
    addresses is an owner's.
    """
    given = make_address(text, "")
    if given is None or "@" not in given.email.strip("@"):
        raise NotAnAddressError(text)
    addresses: Collection[str] = {given.email}
    contacts: Collection[UUID] = ()
    while True:
        found = [row["contact_id"] for row in await connection.fetch(statement(_PACKAGE, "contacts_with"), addresses)]
        if len(found) == len(contacts):
            break
        contacts = found
        rows = await connection.fetch(statement(_PACKAGE, "addresses_with"), contacts)
        addresses = {given.email, *(row["email"] for row in rows)}
    for row in await connection.fetch(statement(_PACKAGE, "owned_among"), sorted(addresses)):
        raise OwnerErasedError(row["email"])
    rows = await connection.fetch(statement(_PACKAGE, "names_with"), contacts, sorted(addresses))
    names = tuple(row["name"] for row in rows if name_orders(row["name"]))
    seen = await connection.fetch(statement(_PACKAGE, "all_names_of"), contacts, sorted(addresses))
    return Whom(tuple(contacts), tuple(sorted(addresses)), names, words_of(row["name"] for row in seen))


def words_of(names: Iterable[str]) -> tuple[str, ...]:
    """The single words of names, in lower case, of three letters or more; an address is no name.

    >>> words_of(["Grace M. Harbour", "grace@boats.example", "G. Harbour-Lind"])
    ('grace', 'harbour', 'harbour-lind')
    """
    found = {word.lower() for name in names if "@" not in name for word in _WORD.findall(name)}
    return tuple(sorted(word for word in found if len(word) >= _SHORTEST))


async def preview(connection: Connection, text: str) -> Preview:
    """Looks at what an erasure would find, and changes nothing. Raises what `find_whom` raises."""
    whom = await find_whom(connection, text)
    row = await connection.fetchrow(statement(_PACKAGE, "survey_messages"), whom.addresses, whom.marks)
    assert row is not None  # noqa: S101 - an aggregate has a row
    return Preview(whom, row["written"], row["concerned"])
