"""Which addresses are one person's: those a user said it of, and those with a name and evidence in common."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

KeyT = TypeVar("KeyT")


@dataclass(frozen=True, slots=True)
class Author:
    """A person's address: what ties it to others (see `tie.py`), and the person it was given before, if any.

    `decided` is whose it is by the word of a user; None where nobody said anything.
    """

    email: str
    ties: frozenset[str]
    contact_id: UUID | None = None
    decided: UUID | None = None


@dataclass(frozen=True, slots=True)
class People:
    """Whose each address is now, and which persons turned out to be another one, without a contact yet.

    `apart` are contacts that are tied to another one; whether these are one person is left to `alike.py`.
    """

    contact_ids: Mapping[str, UUID]
    absorbed: Mapping[UUID, UUID]
    apart: AbstractSet[UUID]


def join_addresses(authors: Iterable[Author], *, contacts: AbstractSet[UUID], new_id: Callable[[], UUID]) -> People:
    """Give every address a person.

    Addresses connected by ties, over any number of steps, are one person. `contacts` are the persons
    who are contacts already: two of them are not joined here, since merging contacts takes more than
    this; what is new goes to the oldest of them, by id. What a user decided stands: its addresses are that
    person's, and others join it only if they are tied to no other such person. Where no two contacts meet, the
    outcome is the same in any order and division of the addresses.
    """
    known = {author.email: author for author in authors}
    decided = [author for author in known.values() if author.decided is not None]
    contact_ids: dict[str, UUID] = {author.email: author.decided for author in decided if author.decided is not None}
    absorbed: dict[UUID, UUID] = {}
    apart: set[UUID] = set()
    for group in connected({author.email: author.ties for author in known.values() if author.decided is None}):
        members = [known[email] for email in sorted(group)]
        persons = {member.contact_id for member in members if member.contact_id is not None}
        survivor = _decided_for(members, decided) or min(persons & contacts or persons, default=None) or new_id()
        for member in members:
            kept = member.contact_id if member.contact_id in contacts else None
            contact_ids[member.email] = kept or survivor
            if kept is not None and kept != survivor:
                apart.add(kept)
        absorbed.update((person, survivor) for person in persons - contacts - {survivor})
    return People(contact_ids, absorbed, apart)


def _decided_for(members: Sequence[Author], decided: Iterable[Author]) -> UUID | None:
    ties = frozenset[str]().union(*(member.ties for member in members))
    found = {author.decided for author in decided if not ties.isdisjoint(author.ties)}
    return found.pop() if len(found) == 1 else None


def connected(ties: Mapping[KeyT, AbstractSet[str]]) -> list[set[KeyT]]:
    """Those that have ties in common, over any number of steps, together; who has none is alone.

    >>> sorted(sorted(group) for group in connected({1: {"a"}, 2: {"b"}, 3: {"a", "c"}, 4: set()}))
    [[1, 3], [2], [4]]
    """
    group_of: dict[str, tuple[set[KeyT], set[str]]] = {}
    groups: dict[int, set[KeyT]] = {}
    for key, own in ties.items():
        keys, joined = {key}, set(own)
        for others, bound in {id(group): group for tie in own if (group := group_of.get(tie))}.values():
            keys |= others
            joined |= bound
            del groups[id(others)]
        groups[id(keys)] = keys
        group_of.update(dict.fromkeys(joined, (keys, joined)))
    return list(groups.values())
