"""Stages listed messages in batches that are fetched later, and counts them into their reading."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from headrace import Enqueued, Job, Transaction, statement
from headrace_crm.config import GmailSettings
from headrace_crm.mail.completion import complete_import
from headrace_crm.mail.events import SyncStarted
from headrace_crm.mail.importing import BATCH_KIND, ProcessBatch
from headrace_crm.mail.sync.store import MailboxState

_PACKAGE: Final = "headrace_crm.mail.sync"
SOURCE: Final = "gmail"


async def begin_listing(tx: Transaction, state: MailboxState, import_id: UUID, *, now: datetime) -> None:
    """Begins to count into a reading, and says so once."""
    begun = await tx.fetch(statement(_PACKAGE, "begin_listing"), import_id, state.owner_id, state.account_id, now)
    if begun:
        await tx.append(SyncStarted(state.owner_id, import_id, SOURCE))


async def stage_listed(
    tx: Transaction,
    settings: GmailSettings,
    state: MailboxState,
    import_id: UUID,
    provider_ids: Sequence[str],
    *,
    parent: Job,
    priority: Literal["high", "normal", "low"],
) -> list[Enqueued]:
    """Stages messages to be fetched, in batches of their own jobs; returns these in order."""
    size = settings.batch_messages
    batches = [provider_ids[start : start + size] for start in range(0, len(provider_ids), size)]
    (row,) = await tx.fetch(statement(_PACKAGE, "count_listed"), import_id, len(provider_ids), len(batches))
    first: int = row["first_batch"]
    await tx.connection.copy_records_to_table(
        "import_item",
        schema_name="crm",
        columns=("import_id", "batch", "number", "provider_id", "is_truncated"),
        records=[
            (import_id, first + offset, number, provider_id, False)
            for offset, batch in enumerate(batches)
            for number, provider_id in enumerate(batch)
        ],
    )
    jobs: list[Enqueued] = []
    # Each weighs what its own messages cost: the last one is seldom full.
    for length in sorted({len(batch) for batch in batches}, reverse=True):
        args = [
            ProcessBatch(import_id, first + offset, state.account_id)
            for offset, batch in enumerate(batches)
            if len(batch) == length
        ]
        jobs += await tx.enqueue_many(
            BATCH_KIND, args, parent=parent, priority=priority, weight=length * settings.units["get"]
        )
    return jobs


async def finish_listing(tx: Transaction, import_id: UUID, *, now: datetime) -> None:
    """Nothing more will be listed; the reading is complete once its batches are."""
    await tx.execute(statement(_PACKAGE, "finish_listing"), import_id, now)
    await complete_import(tx, import_id, now=now)


async def abandon_listings(tx: Transaction, account_id: UUID, reason: str, *, now: datetime) -> None:
    """Ends all readings of an account that are under way; the owner must be locked."""
    await tx.execute(statement(_PACKAGE, "abandon_listings"), account_id, now, reason)
