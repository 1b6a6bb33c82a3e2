"""The work of `process-email-batch`: parses staged messages and stores them, once each."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from headrace import Headrace, Job, Row, Transaction, bind, statement
from headrace_crm.mail.classify import direction, is_bulk
from headrace_crm.mail.completion import complete_import
from headrace_crm.mail.conversations import Conversations, StoredLinks, link_id, place_batch
from headrace_crm.mail.events import EmailReceived, EmailSent, EmailThreadUpdated
from headrace_crm.mail.importing import ProcessBatch
from headrace_crm.mail.model import ParsedMessage, UnparsedMessage
from headrace_crm.mail.owners import Owner, lock_owner
from headrace_crm.mail.parse import parse_message
from headrace_crm.mail.store import NewMessage, insert_messages, insert_unparsed, note_addresses
from headrace_crm.mail.thread import thread_links
from headrace_crm.mail.turns import Turns

_PACKAGE: Final = "headrace_crm.mail"


@dataclass(frozen=True, slots=True)
class _Read:
    """A staged message after parsing, with the key it was staged under and the bytes it came from."""

    message_key: str
    raw: bytes
    outcome: ParsedMessage | UnparsedMessage


async def store_batch(app: Headrace, turns: Turns, args: ProcessBatch, job: Job) -> None:
    """Parses the batch outside any transaction, then stores it and completes the job in one.

    A batch that is no longer staged was stored before; the job then has nothing to do.
    """
    async with app.pool.acquire() as connection:
        rows = await connection.fetch(statement(_PACKAGE, "read_batch"), args.import_id, args.batch)
    if not rows:
        return
    owner_id: UUID = rows[0]["owner_id"]
    read = await asyncio.to_thread(_parse, rows)
    async with turns.of(owner_id), job.transaction() as tx:
        owner = await lock_owner(tx.connection, owner_id)
        with bind(user_id=str(owner_id)):
            tx.result = await _store(tx, owner, args, read, now=app.clock.now())


def _parse(rows: Sequence[Row]) -> list[_Read]:
    read: list[_Read] = []
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
        read.append(_Read(row["message_key"], row["raw"], outcome))
    return read


async def _store(
    tx: Transaction, owner: Owner, args: ProcessBatch, read: Sequence[_Read], *, now: datetime
) -> dict[str, int]:
    connection = tx.connection
    await connection.execute(statement(_PACKAGE, "remove_batch"), args.import_id, args.batch)
    keys = [each.message_key for each in read]
    stored = {row["message_key"] for row in await tx.fetch(statement(_PACKAGE, "stored_keys"), owner.id, keys)}
    fresh = [each for each in read if each.message_key not in stored]
    unparsed = [
        (each.message_key, each.raw, each.outcome) for each in fresh if isinstance(each.outcome, UnparsedMessage)
    ]
    parsed = [(each.message_key, each.outcome) for each in fresh if isinstance(each.outcome, ParsedMessage)]
    await insert_unparsed(connection, owner.id, unparsed, import_id=args.import_id)
    await _store_parsed(tx, owner, args.import_id, parsed)
    count = {
        "new": len(parsed),
        "duplicates": len(read) - len(fresh),
        "unparsed": len(unparsed),
    }
    await tx.execute(
        statement(_PACKAGE, "count_batch"), args.import_id, count["new"], count["duplicates"], count["unparsed"]
    )
    await complete_import(tx, args.import_id, now=now)
    return count


async def _store_parsed(
    tx: Transaction, owner: Owner, import_id: UUID, parsed: Sequence[tuple[str, ParsedMessage]]
) -> None:
    if not parsed:
        return
    ids = await tx.fetch(statement(_PACKAGE, "draw_ids"), len(parsed))
    placed = await _place(tx, owner.id, [message for _, message in parsed], [row["thread_id"] for row in ids])
    messages = [
        NewMessage(
            id=row["message_id"],
            message_key=key,
            thread_id=thread_id,
            direction=direction(message, owner.addresses),
            is_bulk=is_bulk(message, owner.addresses),
            message=message,
        )
        for row, thread_id, (key, message) in zip(ids, placed.threads, parsed, strict=True)
    ]
    await insert_messages(tx.connection, owner.id, messages, import_id=import_id, source="mbox")
    await note_addresses(tx.connection, owner.id, [message for _, message in parsed])
    for new in messages:
        await tx.append(_event(owner.id, new), occurred_at=new.message.sent_at)


async def _place(
    tx: Transaction, owner_id: UUID, messages: Sequence[ParsedMessage], fresh: Sequence[int]
) -> Conversations:
    """Finds or opens the thread of each message, and merges those that turn out to be one."""
    links = [thread_links(message) for message in messages]
    keys = {link_id(link) for each in links for link in (*each.ids, *each.offered, *each.claimed)}
    claimed = {link_id(link) for each in links for link in each.claimed}
    bound = await tx.fetch(statement(_PACKAGE, "bound_links"), owner_id, sorted(keys))
    offers: dict[UUID, list[int]] = {}
    if claimed:
        for row in await tx.fetch(statement(_PACKAGE, "offered_links"), owner_id, sorted(claimed)):
            offers.setdefault(row["link"], []).append(row["thread_id"])
    stored = StoredLinks({row["link"]: row["thread_id"] for row in bound}, offers)
    placed = place_batch(links, stored=stored, fresh=iter(fresh))
    if placed.opened:
        await tx.execute(statement(_PACKAGE, "insert_threads"), owner_id, placed.opened)
    if placed.absorbed:
        await _merge(tx, owner_id, placed)
    await tx.execute(statement(_PACKAGE, "bind_links"), owner_id, list(placed.bound), list(placed.bound.values()))
    offered = sorted(placed.offered)
    await tx.execute(
        statement(_PACKAGE, "offer_links"), owner_id, [key for key, _ in offered], [thread for _, thread in offered]
    )
    return placed


async def _merge(tx: Transaction, owner_id: UUID, placed: Conversations) -> None:
    pairs = (list(placed.absorbed), list(placed.absorbed.values()))
    await tx.execute(statement(_PACKAGE, "merge_thread_links"), *pairs)
    await tx.execute(statement(_PACKAGE, "merge_thread_offers"), *pairs)
    for row in await tx.fetch(statement(_PACKAGE, "merge_thread_messages"), *pairs):
        # People were found there already: what follows from the order of messages in a thread changes.
        await tx.append(EmailThreadUpdated(owner_id, row["thread_id"]))
    await tx.execute(statement(_PACKAGE, "delete_threads"), pairs[0])


def _event(owner_id: UUID, new: NewMessage) -> EmailSent | EmailReceived:
    message = new.message
    if new.direction == "sent":
        return EmailSent(owner_id, new.id, new.message_key, message.subject)
    sender = message.sender.email if message.sender else None
    return EmailReceived(owner_id, new.id, new.message_key, sender, message.subject, new.is_bulk)
