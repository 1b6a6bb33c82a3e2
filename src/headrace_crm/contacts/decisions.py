"""A user's word on whose addresses are, as it is kept; the owner must be locked for all of it."""

from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

from headrace import Connection, statement

_PACKAGE: Final = "headrace_crm.contacts"


class DecisionStore:
    """The decisions of one owner, on one connection."""

    def __init__(self, connection: Connection, owner_id: UUID) -> None:
        self._connection = connection
        self._owner_id = owner_id

    async def decide(self, addresses: Collection[str], person_id: UUID, *, now: datetime) -> None:
        """Keeps that these addresses are this person's, and no other one's."""
        sql = statement(_PACKAGE, "decide_addresses")
        await self._connection.execute(sql, self._owner_id, list(addresses), person_id, now)

    async def lock_contacts(self, contact_ids: Collection[UUID]) -> set[UUID]:
        """Those of these contacts that are the owner's, locked."""
        rows = await self._connection.fetch(statement(_PACKAGE, "owned_contacts"), self._owner_id, sorted(contact_ids))
        return {row["id"] for row in rows}

    async def addresses_of(self, contact_id: UUID) -> tuple[str, ...]:
        """A contact's addresses, the one it writes from most first."""
        rows = await self._connection.fetch(statement(_PACKAGE, "addresses_of"), self._owner_id, [contact_id])
        return tuple(row["email"] for row in rows)

    async def has_dealings_by(self, contact_id: UUID, addresses: Collection[str]) -> bool:
        """Whether a message in which the contact dealt with the owner names one of these addresses."""
        sql = statement(_PACKAGE, "has_dealings_by")
        return await self._connection.fetchval(sql, self._owner_id, contact_id, list(addresses))
