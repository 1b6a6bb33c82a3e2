"""Loads what rules see of some people: a handful of statements, however many people and letters there are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID

from headrace import Connection, Row, statement
from headrace_crm.analytics.figures import STALE
from headrace_crm.insights.birthday import birthday_of
from headrace_crm.insights.changes import NEWS_FOR
from headrace_crm.insights.introductions import names_wanted
from headrace_crm.insights.model import Acquaintance, Contact, Letter, Picture, PositionChange
from headrace_crm.insights.signature import roles
from headrace_crm.mail.reply_text import read_reply

_PACKAGE: Final = "headrace_crm.insights"
LETTERS_EACH: Final = 200
"""The newest letters of a person that are looked at: years of most relationships."""
_READ_EACH: Final = 20
_SIGNED_EACH: Final = 30
_CHARS: Final = 20_000


@dataclass(frozen=True, slots=True)
class Material:
    """The rows that pictures of some contacts are painted from."""

    contacts: tuple[Contact, ...]
    owner_addresses: frozenset[str]
    letters: Mapping[UUID, Sequence[Row]]
    texts: Mapping[int, Row]
    signatures: Mapping[int, str]
    ends: Mapping[int, datetime]
    positions: Mapping[UUID, Sequence[Row]]


async def load(connection: Connection, owner_id: UUID, contacts: Sequence[Contact], *, now: datetime) -> Material:
    """Reads the material for some contacts of an owner, up to `now`."""
    ids = [contact.id for contact in contacts]
    owner_addresses = await connection.fetch(statement(_PACKAGE, "owner_addresses"), owner_id)
    letters: dict[UUID, list[Row]] = {contact_id: [] for contact_id in ids}
    for row in await connection.fetch(statement(_PACKAGE, "newest_letters"), ids, now, LETTERS_EACH):
        letters[row["contact_id"]].append(row)
    read = {row["message_id"]: row["thread_id"] for each in letters.values() for row in _recent(each, now)}
    signed = {row["message_id"] for each in letters.values() for row in _received(each)[-_SIGNED_EACH:]}
    texts = await connection.fetch(statement(_PACKAGE, "letter_texts"), sorted(read), _CHARS)
    signatures = await connection.fetch(statement(_PACKAGE, "signatures"), sorted(signed))
    ends = await connection.fetch(statement(_PACKAGE, "thread_ends"), sorted(set(read.values())), now)
    positions: dict[UUID, list[Row]] = {contact_id: [] for contact_id in ids}
    for row in await connection.fetch(statement(_PACKAGE, "position_changes"), ids, now - NEWS_FOR, now):
        positions[row["contact_id"]].append(row)
    return Material(
        tuple(contacts),
        frozenset(row["email"] for row in owner_addresses),
        letters,
        {row["id"]: row for row in texts},
        {row["id"]: row["signature"] for row in signatures},
        {row["thread_id"]: row["last_at"] for row in ends},
        positions,
    )


def paint(material: Material) -> list[Picture]:
    """The pictures, without the acquaintances; pure, and the work of a processor: texts are read here."""
    own_words: dict[int, str] = {}
    for message_id, row in material.texts.items():
        own_words[message_id] = read_reply(row["body"]).text
    return [
        Picture(
            contact,
            material.owner_addresses,
            tuple(_letter(row, contact, material, own_words) for row in material.letters[contact.id]),
            material.ends,
            roles(_signed(contact, material), name=contact.name),
            tuple(
                PositionChange(row["old_value"], row["new_value"], row["evidence"], row["changed_at"])
                for row in material.positions[contact.id]
            ),
            birthday=birthday_of(_signed(contact, material), name=contact.name),
        )
        for contact in material.contacts
    ]


async def acquaint(
    connection: Connection,
    owner_id: UUID,
    pictures: Iterable[Picture],
    *,
    also: Mapping[UUID, Iterable[str]] = MappingProxyType({}),
) -> list[Picture]:
    """The pictures, each with those of the owner's contacts that its letters ask to be introduced to.

    `also` are more folded full names for some contacts.
    """
    painted = list(pictures)
    wanted = {
        picture.contact.id: {name for letter in picture.letters for name in names_wanted(letter.text)}.union(
            also.get(picture.contact.id, ())
        )
        for picture in painted
    }
    names = sorted(set[str]().union(*wanted.values()))
    if not names:
        return painted
    known: dict[str, Contact] = {}
    for row in await connection.fetch(statement(_PACKAGE, "contacts_named"), owner_id, names):
        # Of two people of one name nobody knows who is meant; the first of them is as good as the other.
        known.setdefault(row["full_name"], Contact(row["id"], row["name"], frozenset(row["addresses"])))
    pairs = sorted(
        {
            (contact_id, known[name].id)
            for contact_id, of_one in wanted.items()
            for name in of_one
            if name in known and known[name].id != contact_id
        }
    )
    together = {
        (row["contact_id"], row["other_id"]): row["together_at"]
        for row in await connection.fetch(
            statement(_PACKAGE, "together"), [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        )
    }
    return [
        replace(
            picture,
            known={
                name: Acquaintance(known[name], together.get((picture.contact.id, known[name].id)))
                for name in sorted(wanted[picture.contact.id])
                if name in known
            },
        )
        for picture in painted
    ]


def _letter(row: Row, contact: Contact, material: Material, own_words: Mapping[int, str]) -> Letter:
    detail = material.texts.get(row["message_id"])
    to = frozenset[str]() if detail is None else frozenset[str](detail["to_emails"])
    addressed = material.owner_addresses if row["direction"] == "received" else contact.addresses
    return Letter(
        row["message_id"],
        row["thread_id"],
        row["direction"],
        row["occurred_at"],
        row["subject"],
        row["sender"].lower(),
        own_words.get(row["message_id"], ""),
        is_direct=bool(to & addressed),
        to_count=max(1, len(to)),
        is_for_people=row["is_for_people"],
    )


def _recent(rows: Sequence[Row], now: datetime) -> list[Row]:
    return [row for row in rows if row["is_for_people"] and row["occurred_at"] >= now - STALE][-_READ_EACH:]


def _received(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row["is_for_people"] and row["direction"] == "received"]


def _signed(contact: Contact, material: Material) -> list[tuple[datetime, int, str]]:
    return [
        (row["occurred_at"], row["message_id"], material.signatures[row["message_id"]])
        for row in material.letters[contact.id]
        if row["direction"] == "received" and row["message_id"] in material.signatures
    ]
