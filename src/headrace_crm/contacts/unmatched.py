"""Contacts that something new may tie to another one, and who writes under the names they do; the owner is locked."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from headrace import Connection, statement
from headrace_crm.contacts.alike import Own
from headrace_crm.contacts.store import ContactStore, Writer
from headrace_crm.contacts.tie import bonds_by_address

_PACKAGE: Final = "headrace_crm.contacts"


async def unmatched_contacts(connection: Connection, owner_id: UUID, *, limit: int) -> list[UUID]:
    """Contacts to be compared with those of the same name, in order."""
    rows = await connection.fetch(statement(_PACKAGE, "unmatched_contacts"), owner_id, limit)
    return [row["id"] for row in rows]


async def mark_unmatched(connection: Connection, contact_ids: Collection[UUID]) -> None:
    """Has these contacts compared with those of the same name."""
    if contact_ids:
        await connection.execute(statement(_PACKAGE, "mark_unmatched"), sorted(contact_ids))


async def mark_matched(connection: Connection, contact_ids: Collection[UUID]) -> None:
    """Notes that these contacts were compared."""
    await connection.execute(statement(_PACKAGE, "mark_matched"), sorted(contact_ids))


async def namesakes(connection: Connection, owner_id: UUID, contact_ids: Collection[UUID]) -> dict[UUID, list[Writer]]:
    """These contacts and all that wrote under a full name of theirs, by their addresses.

    Empty where nobody shares a name: that is the rule, and costs two look-ups.
    """
    rows = await connection.fetch(statement(_PACKAGE, "full_names_of"), owner_id, sorted(contact_ids))
    store = ContactStore(connection, owner_id)
    writers = await store.authors_named([row["full_name"] for row in rows])
    found: dict[UUID, list[Writer]] = {}
    for writer in writers:
        if writer.contact_id is not None:
            found.setdefault(writer.contact_id, []).append(writer)
    contacts = await store.existing_contacts(found.keys()) if len(found) > 1 else set[UUID]()
    return {contact_id: found[contact_id] for contact_id in sorted(contacts)} if len(contacts) > 1 else {}


async def owns_of(connection: Connection, owner_id: UUID, people: dict[UUID, list[Writer]]) -> dict[UUID, list[Own]]:
    """The addresses of namesakes, with what mail binds them to."""
    pairs = await ContactStore(connection, owner_id).bonds_among(each for own in people.values() for each in own)
    bonds = bonds_by_address(pairs)
    return {
        contact_id: [Own(each.email, each.full_names, bonds.get(each.email, {})) for each in own]
        for contact_id, own in people.items()
    }
