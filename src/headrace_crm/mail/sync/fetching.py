"""The work of `process-email-batch` on messages that were listed: fetches them in one request, and mirrors them."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from headrace import Job, Row, Transaction, bind, statement
from headrace_crm.config import GmailSettings
from headrace_crm.mail.batches import finish_batch
from headrace_crm.mail.importing import BATCH_KIND, ProcessBatch, begin_extraction
from headrace_crm.mail.owners import lock_owner
from headrace_crm.mail.provider import Answer, Gone, LimitedError, Unanswered, UnavailableError
from headrace_crm.mail.sync import store as mailboxes
from headrace_crm.mail.sync.heeding import heeding
from headrace_crm.mail.sync.means import Means
from headrace_crm.mail.sync.mirroring import Look, look, mirror
from headrace_crm.mail.sync.store import MirrorStore

_PACKAGE: Final = "headrace_crm.mail.sync"
_PEOPLE_AFTER: Final = timedelta(seconds=20)
"""People are looked for as mail comes in, and not with every batch; the last one has them looked for at once."""
_LEAST_WAIT: Final = timedelta(seconds=1)


async def fetch_batch(means: Means, args: ProcessBatch, job: Job, rows: Sequence[Row]) -> None:
    """Fetches a batch outside any transaction, then mirrors what came and completes the job in one.

    Messages that could not be had become a batch of their own, with the attempts of a new job; where none could,
    this job comes again. So each fetch that is asked for is paid for by the job that asks.
    """
    if args.account_id is None:
        raise ValueError(f"batch {args.batch} of import {args.import_id} names no account to fetch from")
    ids = [row["provider_id"] for row in rows]
    owner_id: UUID = rows[0]["owner_id"]
    async with means.app.pool.acquire() as connection:
        state = await mailboxes.get_mailbox(connection, args.account_id)
        known = await MirrorStore(connection, state).known(ids)
    stored = {provider_id for provider_id, each in known.items() if each.message_key is not None}
    async with heeding(), means.provider.mailbox(args.account_id) as mailbox:
        answers = await mailbox.get_batch({each: "labels" if each in stored else "whole" for each in ids})
        _require_one(answers)
    found = await asyncio.to_thread(read_answers, answers, now=rows[0]["started_at"])
    left = [each for each in answers if isinstance(each, Unanswered)]
    async with means.turns.of(owner_id), job.transaction() as tx:
        owner = await lock_owner(tx.connection, owner_id)
        state = await mailboxes.get_mailbox(tx.connection, args.account_id)
        with bind(user_id=str(owner_id)):
            now = means.app.clock.now()
            done = await mirror(tx, owner, MirrorStore(tx.connection, state), found, import_id=args.import_id, now=now)
            if left:
                await _put_off(tx, means.settings, args, left)
            await finish_batch(tx, args, done.stored, now=now)
            if done.is_changed:
                await begin_extraction(tx, owner_id, delay=_PEOPLE_AFTER)
        tx.result = {"new": done.stored.new, "removed": done.removed, "put off": len(left)}


def read_answers(answers: Sequence[Answer], *, now: datetime) -> list[Look | Gone]:
    """What was found, parsed; what could not be had is left out."""
    return [
        each if isinstance(each, Gone) else look(each, now=now) for each in answers if not isinstance(each, Unanswered)
    ]


def _require_one(answers: Sequence[Answer]) -> None:
    """Raises the error of those unanswered, with the longest wait asked for, where all of them are."""
    errors = [each.error for each in answers if isinstance(each, Unanswered)]
    if errors and len(errors) == len(answers):
        raise max(errors, key=lambda error: error.retry_after or timedelta(0))


async def _put_off(tx: Transaction, settings: GmailSettings, args: ProcessBatch, left: Sequence[Unanswered]) -> None:
    (row,) = await tx.fetch(statement(_PACKAGE, "count_listed"), args.import_id, 0, 1)
    batch: int = row["first_batch"]
    await tx.execute(statement(_PACKAGE, "move_items"), args.import_id, args.batch, batch, [each.id for each in left])
    await tx.enqueue(
        BATCH_KIND,
        ProcessBatch(args.import_id, batch, args.account_id),
        delay=max((_wait(each.error) for each in left), default=_LEAST_WAIT),
        weight=len(left) * settings.units["get"],
    )


def _wait(error: LimitedError | UnavailableError) -> timedelta:
    return max(error.retry_after or _LEAST_WAIT, _LEAST_WAIT)
