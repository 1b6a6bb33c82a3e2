"""Contacts that turn out to be one person are joined, once what is known of them shows it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, assert_never
from uuid import UUID

import msgspec

from headrace import Connection, Transaction, statement
from headrace_crm.contacts.alike import Reach, joinings, someone
from headrace_crm.contacts.extraction import Following
from headrace_crm.contacts.unmatched import namesakes, owns_of
from headrace_crm.enrichment.discovery import read_mail_of
from headrace_crm.enrichment.merge import FACT
from headrace_crm.enrichment.profile import REACH, Claim, Field, Way
from headrace_crm.enrichment.uniting import unite

_PACKAGE: Final = "headrace_crm.enrichment"
_claims: Final = msgspec.json.Decoder(dict[Field, Claim])


async def join_alike(tx: Transaction, owner_id: UUID, contact_ids: Sequence[UUID], *, now: datetime) -> int:
    """Joins contacts among these and their namesakes that evidence shows to be one person; how many went.

    The owner must be locked. `crm contacts split` takes it back, and what a user has split is not joined again.
    """
    people = await namesakes(tx.connection, owner_id, contact_ids)
    if not people:
        return 0
    owns = await owns_of(tx.connection, owner_id, people)
    reaches = await _reaches(tx.connection, list(people))
    found = joinings(
        someone(
            contact_id,
            owns[contact_id],
            reaches.get(contact_id, ()),
            is_settled=any(writer.decided is not None for writer in writers),
        )
        for contact_id, writers in people.items()
    )
    for each in found:
        await unite(tx, owner_id, each.contact_id, each.merged_id, evidence=each.evidence, now=now)
    return len(found)


async def _reaches(connection: Connection, contact_ids: Sequence[UUID]) -> dict[UUID, list[Reach]]:
    found: dict[UUID, list[Reach]] = {}
    for row in await connection.fetch(statement(_PACKAGE, "reach_of"), contact_ids):
        reaches = found.setdefault(row["contact_id"], [])
        for name, claim in _claims.decode(row["claims"]).items():
            if claim.confidence >= FACT or row["source"] == "user":
                kind, source = REACH[name], claim.evidence or row["source"]
                reaches += [Reach(kind, _folded(kind, value), source) for value in _values(claim)]
    return found


def _folded(kind: Way, value: str) -> str:
    match kind:
        case "phone":
            return "".join(character for character in value if character in "+0123456789")
        case "mail":
            return value.strip().lower()
        case _:
            assert_never(kind)


def _values(claim: Claim) -> tuple[str, ...]:
    return claim.value if isinstance(claim.value, tuple) else (str(claim.value),)


FOLLOWING: Final = Following(read_mail=read_mail_of, join_alike=join_alike)
"""What extraction does of enrichment's."""
