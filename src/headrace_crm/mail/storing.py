"""Stores messages that were read, from wherever, once each: threads, addresses and events with them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from headrace import Transaction, statement
from headrace_crm.mail.classify import direction, is_bulk
from headrace_crm.mail.conversations import Conversations, StoredLinks, link_id, place_batch
from headrace_crm.mail.events import EmailReceived, EmailSent, EmailThreadUpdated
from headrace_crm.mail.keeping_out import keep_out
from headrace_crm.mail.model import ParsedMessage, UnparsedMessage
from headrace_crm.mail.owners import Owner
from headrace_crm.mail.read_message import ReadMessage
from headrace_crm.mail.store import NewMessage, insert_messages, insert_unparsed, note_addresses
from headrace_crm.mail.thread import thread_links

_PACKAGE: Final = "headrace_crm.mail"


@dataclass(frozen=True, slots=True)
class Stored:
    """How many of the messages were new, there before, and unreadable."""

    new: int = 0
    duplicates: int = 0
    unparsed: int = 0


async def store_messages(
    tx: Transaction, owner: Owner, read: Sequence[ReadMessage], *, import_id: UUID | None, source: str
) -> Stored:
    """Stores what the owner does not have yet; the owner must be locked.

    A message that was removed and is not gone yet is taken back as it was. People who were erased are kept out; a
    message of which nothing stays counts among those there before.
    """
    first = {each.message_key: each for each in await keep_out(tx.connection, owner, read)}
    standing = {
        row["message_key"]: row["is_removed"]
        for row in await tx.fetch(statement(_PACKAGE, "stored_keys"), owner.id, list(first))
    }
    fresh = [each for key, each in first.items() if key not in standing]
    revived = [each for key, each in first.items() if standing.get(key)]
    unparsed = [
        (each.message_key, each.raw, each.outcome) for each in fresh if isinstance(each.outcome, UnparsedMessage)
    ]
    parsed = [(each.message_key, each.outcome) for each in fresh if isinstance(each.outcome, ParsedMessage)]
    await insert_unparsed(tx.connection, owner.id, unparsed, import_id=import_id, source=source)
    await _store_parsed(tx, owner, parsed, import_id=import_id, source=source)
    await _revive(tx, owner, revived)
    new = len(parsed) + len(revived)
    return Stored(new, len(read) - new - len(unparsed), len(unparsed))


async def _revive(tx: Transaction, owner: Owner, removed: Iterable[ReadMessage]) -> None:
    messages = [each.outcome for each in removed if isinstance(each.outcome, ParsedMessage)]
    if messages:
        await tx.execute(
            statement(_PACKAGE, "revive_messages"), owner.id, [message.message_key for message in messages]
        )
        await note_addresses(tx.connection, owner.id, messages)


async def _store_parsed(
    tx: Transaction,
    owner: Owner,
    parsed: Sequence[tuple[str, ParsedMessage]],
    *,
    import_id: UUID | None,
    source: str,
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
    await insert_messages(tx.connection, owner.id, messages, import_id=import_id, source=source)
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
    if new.direction == "sent":
        return EmailSent(owner_id, new.id)
    return EmailReceived(owner_id, new.id, new.is_bulk)
