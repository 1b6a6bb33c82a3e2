"""Which contacts are one person after all, now that more is known of them: pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from headrace_crm.contacts.person import connected
from headrace_crm.contacts.tie import ties_of


@dataclass(frozen=True, slots=True)
class Own:
    """An address of a contact, the full names it wrote under, and its bonds to others with the evidence of each."""

    email: str
    full_names: frozenset[str]
    bonds: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reach:
    """A phone number or another mail address that is said to be a contact's, in lower case; `source` tells where."""

    kind: str
    value: str
    source: str


@dataclass(frozen=True, slots=True)
class Someone:
    """A contact: each tie it could share with another one, with the evidence that this is.

    Where a user said whose one of its addresses is, it is settled: no two of these are ever joined.
    """

    id: UUID
    is_settled: bool
    ties: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Joining:
    """Two contacts that are one person; `evidence` is what shows it besides the name, and tells no value."""

    contact_id: UUID
    merged_id: UUID
    evidence: tuple[str, ...]


def someone(contact_id: UUID, owns: Iterable[Own], reaches: Iterable[Reach], *, is_settled: bool) -> Someone:
    """A contact by its addresses, and by how it is said to be reached."""
    found: dict[str, str] = {}
    names: set[str] = set()
    # Addresses of its own are what others may be said to be reached by; that they are its own is no evidence.
    said = [*reaches]
    for own in owns:
        names |= own.full_names
        said.append(Reach("mail", own.email, ""))
        for tie in ties_of(own.email, own.full_names, own.bonds):
            bond = tie.partition("|")[2]
            found[tie] = own.bonds.get(bond) or _RULES[bond.partition(" ")[0]]
    for each in said:
        evidence = f"{each.kind} of {each.source}" if each.source else ""
        for name in names:
            tie = f"{name}|{each.kind} {each.value}"
            found[tie] = found.get(tie) or evidence
    return Someone(contact_id, is_settled, found)


def joinings(contacts: Iterable[Someone]) -> list[Joining]:
    """Who is to be joined to whom, in order.

    Contacts connected by ties, over any number of steps, are one person, and the oldest of them by id stays. To one
    that is settled others are joined only where they are tied to no other such.
    """
    known = {each.id: each for each in contacts}
    settled = [each for each in known.values() if each.is_settled]
    free = {each.id: frozenset(each.ties) for each in known.values() if not each.is_settled}
    found: list[Joining] = []
    for group in connected(free):
        ties = frozenset[str]().union(*(free[each] for each in group))
        claimed = [each.id for each in settled if not ties.isdisjoint(each.ties)]
        kept = claimed[0] if len(claimed) == 1 else min(group)
        for merged in group - {kept}:
            others = [known[each] for each in (group | {kept}) - {merged}]
            found.append(Joining(kept, merged, _evidence(known[merged], others)))
    return sorted(found, key=lambda each: each.merged_id)


_RULES: Final[Mapping[str, str]] = {"at": "organisation", "as": "local part"}
"""What the ties that addresses alone make are called."""


def _evidence(one: Someone, others: Iterable[Someone]) -> tuple[str, ...]:
    told = {
        ties[tie] for other in others for tie in one.ties.keys() & other.ties.keys() for ties in (one.ties, other.ties)
    }
    return tuple(sorted(told - {""}))
