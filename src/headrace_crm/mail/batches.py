"""The work of `process-email-batch` on messages that were read from files: parses them and stores them, once each."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from headrace import Headrace, Job, Row, Transaction, bind, statement
from headrace_crm.mail.completion import complete_import
from headrace_crm.mail.importing import ProcessBatch
from headrace_crm.mail.model import ParsedMessage
from headrace_crm.mail.owners import lock_owner
from headrace_crm.mail.parse import parse_message
from headrace_crm.mail.read_message import ReadMessage
from headrace_crm.mail.storing import Stored, store_messages
from headrace_crm.mail.turns import Turns

_PACKAGE: Final = "headrace_crm.mail"


async def read_batch(app: Headrace, args: ProcessBatch) -> list[Row]:
    """The messages of a batch, in order; none where it was stored before."""
    async with app.pool.acquire() as connection:
        return await connection.fetch(statement(_PACKAGE, "read_batch"), args.import_id, args.batch)


async def store_batch(app: Headrace, turns: Turns, args: ProcessBatch, job: Job, rows: Sequence[Row]) -> None:
    """Parses the batch outside any transaction, then stores it and completes the job in one."""
    owner_id: UUID = rows[0]["owner_id"]
    read = await asyncio.to_thread(_parse, rows)
    async with turns.of(owner_id), job.transaction() as tx:
        owner = await lock_owner(tx.connection, owner_id)
        with bind(user_id=str(owner_id)):
            stored = await store_messages(tx, owner, read, import_id=args.import_id, source="mbox")
            await finish_batch(tx, args, stored, now=app.clock.now())
        tx.result = {"new": stored.new, "duplicates": stored.duplicates, "unparsed": stored.unparsed}


async def finish_batch(tx: Transaction, args: ProcessBatch, stored: Stored, *, now: datetime) -> None:
    """Removes what was staged of a batch, and counts it into its reading; the last one completes that."""
    import_id = args.import_id
    await tx.execute(statement(_PACKAGE, "remove_batch"), import_id, args.batch)
    await tx.execute(statement(_PACKAGE, "count_batch"), import_id, stored.new, stored.duplicates, stored.unparsed)
    await complete_import(tx, import_id, now=now)


def _parse(rows: Sequence[Row]) -> list[ReadMessage]:
    read: list[ReadMessage] = []
    before: datetime | None = None
    for row in rows:
        outcome = parse_message(
            row["raw"],
            now=row["started_at"],
            envelope_at=row["envelope_at"],
            fallback_at=before,
            is_truncated=row["is_truncated"],
        )
        if isinstance(outcome, ParsedMessage) and not outcome.date_is_guessed:
            before = outcome.sent_at
        read.append(ReadMessage(row["message_key"], row["raw"], outcome))
    return read
