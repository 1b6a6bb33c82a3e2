"""What language models said of people, kept without any word of a letter."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from headrace import Connection, statement
from headrace_crm.insights.judging.model import Judgement, Proposal
from headrace_crm.insights.model import Contact

_PACKAGE: Final = "headrace_crm.insights.judging"


async def hold_contact(connection: Connection, owner_id: UUID, contact_id: UUID) -> Contact | None:
    """A contact, held to the end of the caller's transaction where there is one; None where it is gone."""
    row = await connection.fetchrow(statement(_PACKAGE, "contact_judged"), contact_id, owner_id)
    return None if row is None else Contact(row["id"], row["name"], frozenset(row["addresses"]))


async def judgements_of(connection: Connection, contact_ids: Sequence[UUID]) -> dict[UUID, Judgement]:
    """What was said of these contacts, by contact; those that nothing was said of are left out."""
    return {
        row["contact_id"]: Judgement(
            row["contact_id"],
            row["judged_by"],
            row["seen_through"],
            dict(zip(row["message_ids"], row["digests"], strict=True)),
            msgspec.json.decode(row["proposals"], type=tuple[Proposal, ...]),
        )
        for row in await connection.fetch(statement(_PACKAGE, "judgements_of"), contact_ids)
    }


async def write_judgement(connection: Connection, owner_id: UUID, judgement: Judgement, *, now: datetime) -> None:
    """Stores what was said of a contact, which must be held; what was said of newer letters stays."""
    await connection.execute(
        statement(_PACKAGE, "write_judgement"),
        judgement.contact_id,
        owner_id,
        judgement.by,
        judgement.seen_through,
        list(judgement.letters),
        list(judgement.letters.values()),
        msgspec.json.encode(judgement.proposals).decode(),
        now,
    )


async def forget_judgements(connection: Connection, owner_id: UUID, message_ids: Collection[int]) -> None:
    """Drops what was said on the strength of these messages."""
    await connection.execute(statement(_PACKAGE, "forget_judgements"), owner_id, sorted(message_ids))
