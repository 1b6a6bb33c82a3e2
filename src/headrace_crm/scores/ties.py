"""Who of an owner's people know each other, as far as the owner's mail tells."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from headrace import Connection, statement

_PACKAGE: Final = "headrace_crm.scores"

NEWEST: Final = 100
"""Messages of each person that are looked at, so that it takes as long for a hundred thousand."""


@dataclass(frozen=True, slots=True)
class Tie:
    """Two contacts who are in so many threads together; `one` is the lower id."""

    one: UUID
    other: UUID
    thread_count: int


async def read_ties(connection: Connection, contact_ids: Collection[UUID], *, limit: int = 100) -> list[Tie]:
    """The strongest ties among these contacts, by the newest 100 messages of each; those that share most first."""
    rows = await connection.fetch(statement(_PACKAGE, "shared_threads"), sorted(contact_ids), NEWEST, limit)
    return [Tie(row["one"], row["other"], row["thread_count"]) for row in rows]
