"""Deletes removed messages, with the threads and addresses that nothing is left of; the owner must be locked."""

from typing import Final
from uuid import UUID

from headrace import Connection, Transaction, statement
from headrace_crm.mail.events import EmailThreadUpdated

_PACKAGE: Final = "headrace_crm.contacts"


async def delete_removed(tx: Transaction, owner_id: UUID, *, limit: int) -> int:
    """Deletes removed messages of which nothing is recorded any more; how many.

    Threads left without messages go too, and addresses that no message names. Of the other threads
    `email.thread_updated` tells.
    """
    rows = await tx.fetch(statement(_PACKAGE, "delete_removed"), owner_id, limit)
    if rows:
        emails = sorted({email for row in rows for email in row["emails"]})
        await tx.execute(statement(_PACKAGE, "delete_unnamed_addresses"), owner_id, emails)
        for thread_id in await _delete_empty(tx.connection, sorted({row["thread_id"] for row in rows})):
            # What follows from the order of messages in a thread changes for everybody in it.
            await tx.append(EmailThreadUpdated(owner_id, thread_id))
    return len(rows)


async def _delete_empty(connection: Connection, thread_ids: list[int]) -> list[int]:
    """Deletes those of these threads that have no messages left, with their links; returns the others in order."""
    await connection.execute(statement(_PACKAGE, "delete_empty_links"), thread_ids)
    await connection.execute(statement(_PACKAGE, "delete_empty_offers"), thread_ids)
    await connection.execute(statement(_PACKAGE, "delete_empty_threads"), thread_ids)
    rows = await connection.fetch(statement(_PACKAGE, "existing_threads"), thread_ids)
    return [row["id"] for row in rows]
