"""Which addresses are one person's: those that wrote under the same full name."""

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Author:
    """A person's address: the full names it wrote under, and the person it was given before, if any."""

    email: str
    full_names: frozenset[str]
    contact_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class People:
    """Whose each address is now, and which persons turned out to be another one, without a contact yet."""

    contact_ids: Mapping[str, UUID]
    absorbed: Mapping[UUID, UUID]


def join_addresses(authors: Iterable[Author], *, contacts: AbstractSet[UUID], new_id: Callable[[], UUID]) -> People:
    """Give every address a person.

    Addresses connected by full names, over any number of steps, are one person. `contacts` are the persons
    who are contacts already: two of them are never joined here, since merging contacts takes more than
    this; what is new goes to the oldest of them, by id. Where no two contacts meet, the outcome is the same
    in any order and division of the addresses.
    """
    known = {author.email: author for author in authors}
    contact_ids: dict[str, UUID] = {}
    absorbed: dict[UUID, UUID] = {}
    for group in _groups(known.values()):
        members = [known[email] for email in sorted(group)]
        persons = {member.contact_id for member in members if member.contact_id is not None}
        survivor = min(persons & contacts or persons, default=None) or new_id()
        for member in members:
            kept = member.contact_id if member.contact_id in contacts else None
            contact_ids[member.email] = kept or survivor
        absorbed.update((person, survivor) for person in persons - contacts - {survivor})
    return People(contact_ids, absorbed)


def _groups(authors: Iterable[Author]) -> Iterable[set[str]]:
    group_of: dict[str, set[str]] = {}
    for author in authors:
        merged = {f"<{author.email}>"}
        for key in (f"<{author.email}>", *author.full_names):
            merged |= group_of.get(key, set()) | {key}
        for key in merged:
            group_of[key] = merged
    distinct: Final = {id(group): group for group in group_of.values()}
    return [{key[1:-1] for key in group if key.startswith("<")} for group in distinct.values()]
