"""The people that a text names."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from headrace import Connection, statement
from headrace_crm.search.naming import Nameable, people_in

_PACKAGE: Final = "headrace_crm.search"


async def people_named(connection: Connection, text: str, owner_ids: Collection[UUID]) -> tuple[UUID, ...]:
    """The contacts with this address, this name, or a name or address that has it in it; the closest only."""
    wanted = text.strip()
    if not wanted:
        return ()
    rows = await connection.fetch(statement(_PACKAGE, "people_named"), sorted(owner_ids), wanted)
    closest = min((row["closeness"] for row in rows), default=None)
    return tuple(row["id"] for row in rows if row["closeness"] == closest)


async def people_asked_about(
    connection: Connection, question: str, owner_ids: Collection[UUID]
) -> tuple[Nameable, ...]:
    """The contacts a question names; see `people_in` for what counts."""
    rows = await connection.fetch(statement(_PACKAGE, "nameable_people"), sorted(owner_ids), question)
    return people_in(question, (Nameable(row["id"], row["name"], tuple(row["addresses"])) for row in rows))
