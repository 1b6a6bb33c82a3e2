"""The end of an import: whoever stores its last message says so, once."""

from datetime import datetime
from typing import Final
from uuid import UUID

from headrace import Transaction, bind, statement
from headrace_crm.mail.events import EmailSynced, SyncCompleted
from headrace_crm.mail.importing import begin_extraction

_PACKAGE: Final = "headrace_crm.mail"


async def complete_import(tx: Transaction, import_id: UUID, *, now: datetime) -> bool:
    """Marks the import stored if all is read and every batch done, and has people searched; True if so.

    Relies on the caller having updated the import's row in this transaction: of the reader and the
    batches that end at the same time, the last to commit sees them all.
    """
    row = await tx.fetchrow(statement(_PACKAGE, "complete_import"), import_id, now)
    if row is None:
        return False
    with bind(user_id=str(row["owner_id"])):
        await tx.append(
            SyncCompleted(
                row["owner_id"],
                import_id,
                row["source"],
                row["read_count"],
                row["new_count"],
                row["duplicate_count"],
                row["unparsed_count"],
            )
        )
        await tx.append(EmailSynced(row["owner_id"], row["account_id"], row["new_count"], 0, 0))
        await begin_extraction(tx, row["owner_id"])
    return True
