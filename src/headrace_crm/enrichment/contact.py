"""The contact that is enriched, as enrichment needs it: locked, so that two answers about it are merged in turn."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from headrace import Connection, statement

_PACKAGE: Final = "headrace_crm.enrichment"


@dataclass(frozen=True, slots=True)
class Contact:
    """A person of an owner; the first of `addresses` is the one they write from most."""

    id: UUID
    owner_id: UUID
    name: str
    addresses: tuple[str, ...]


async def lock_contact(connection: Connection, contact_id: UUID) -> Contact | None:
    """The contact, locked to the end of the transaction; None where it is gone."""
    row = await connection.fetchrow(statement(_PACKAGE, "lock_contact"), contact_id)
    return None if row is None else Contact(row["id"], row["owner_id"], row["name"], tuple(row["addresses"]))
