"""Handles of contacts as they are kept: where each was found, and how sure it is."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from headrace import Connection, statement
from headrace_crm.enrichment.handles import SHARED
from headrace_crm.enrichment.profile import Handle, Source

_PACKAGE: Final = "headrace_crm.enrichment"


async def write_handles(
    connection: Connection,
    contact_id: UUID,
    owner_id: UUID,
    origin: Source,
    handles: Sequence[Handle],
    *,
    now: datetime,
) -> None:
    """Stores the handles one source has for a contact, in place of those it had before."""
    await connection.execute(
        statement(_PACKAGE, "write_handles"),
        contact_id,
        owner_id,
        origin,
        [each.network for each in handles],
        [each.handle for each in handles],
        [each.confidence for each in handles],
        [each.evidence for each in handles],
        now,
    )


async def handles_of(connection: Connection, contact_id: UUID) -> list[tuple[Source, Handle]]:
    """A contact's handles by who has them, the surest first.

    One that another contact of the same owner signs with too counts as `SHARED`: it is a company's.
    """
    rows = await connection.fetch(statement(_PACKAGE, "handles_of"), contact_id, SHARED)
    return [(row["origin"], Handle(row["network"], row["handle"], row["confidence"], row["evidence"])) for row in rows]
