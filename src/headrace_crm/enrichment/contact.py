"""The contact that is enriched, as enrichment needs it: locked, so that two answers about it are merged in turn."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from headrace import Connection, statement

_PACKAGE: Final = "headrace_crm.enrichment"


@dataclass(frozen=True, slots=True)
class Contact:
    """A person of an owner; `name` is what mail calls them, whatever else is known.

    The first of `addresses` is the one they write from most.
    """

    id: UUID
    owner_id: UUID
    name: str
    addresses: tuple[str, ...]


async def lock_contact(connection: Connection, contact_id: UUID) -> Contact | None:
    """The contact, locked to the end of the transaction; None where it is gone."""
    return next(iter(await lock_contacts(connection, [contact_id])), None)


async def lock_contacts(connection: Connection, contact_ids: Sequence[UUID]) -> list[Contact]:
    """Those of these contacts that are there, in id order, locked to the end of the transaction."""
    rows = await connection.fetch(statement(_PACKAGE, "lock_contacts"), contact_ids)
    return [Contact(row["id"], row["owner_id"], row["name"], tuple(row["addresses"])) for row in rows]
