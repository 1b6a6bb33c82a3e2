"""The work of `erase-person`: step by step, each a transaction; whoever is killed in between goes on where it was."""

from typing import Final
from uuid import UUID

import msgspec

from headrace import Headrace, Transaction, bind, statement
from headrace_crm.analytics.jobs import enqueue as enqueue_analytics
from headrace_crm.contacts.events import ContactRemoved, contact_stream
from headrace_crm.contacts.extraction import extract_contacts
from headrace_crm.enrichment.matching import FOLLOWING
from headrace_crm.enrichment.store import forget as forget_enrichment
from headrace_crm.mail.importing import ExtractContacts
from headrace_crm.mail.keeping_out import erasure_key, mark_erased
from headrace_crm.mail.owners import lock_owner
from headrace_crm.mail.turns import Turns
from headrace_crm.maintenance.erasure import Erasure, read_erasure
from headrace_crm.maintenance.person import marks_of
from headrace_crm.maintenance.remains import clean_own_words, count_left
from headrace_crm.maintenance.rewriting import rewrite
from headrace_crm.search.forgetting import forget as forget_passages
from headrace_crm.search.forgetting import forget_questions
from headrace_crm.search.store import count_vocabulary

MESSAGES_A_STEP: Final = 50

_PACKAGE: Final = "headrace_crm.maintenance"


async def erase_person(app: Headrace, turns: Turns, erasure_id: UUID) -> dict[str, int]:
    """Removes a person from everything that is stored; how much was removed and changed, by kind.

    Every step looks at what is there, so that it can be done again. Raises ErasureNotFoundError.
    """
    erasure = await _read(app, erasure_id)
    if erasure.stage == "done":
        return dict(erasure.counts)
    async with app.pool.acquire() as connection:
        owners = [row["id"] for row in await connection.fetch(statement(_PACKAGE, "list_owner_ids"))]
    if erasure.stage == "asked":
        for owner_id in owners:
            await _choose(app, turns, erasure, owner_id)
        async with app.transaction() as tx:
            marks = marks_of(erasure.addresses, erasure.names)
            await forget_questions(tx.connection, erasure.addresses, marks, contact_ids=erasure.contact_ids)
            await tx.execute(statement(_PACKAGE, "mark_chosen"), erasure.id)
    while await _rewrite_some(app, turns, erasure):
        pass
    for owner_id in owners:
        # Takes back what was recorded of messages that are gone or changed, and then their rows.
        await extract_contacts(app, turns, ExtractContacts(owner_id), following=FOLLOWING)
    await _forget(app, erasure)
    return dict((await _read(app, erasure_id)).counts)


async def _read(app: Headrace, erasure_id: UUID) -> Erasure:
    async with app.pool.acquire() as connection:
        return await read_erasure(connection, erasure_id)


async def _choose(app: Headrace, turns: Turns, erasure: Erasure, owner_id: UUID) -> None:
    marks = marks_of(erasure.addresses, erasure.names)
    async with turns.of(owner_id), app.transaction() as tx:
        await lock_owner(tx.connection, owner_id)
        await tx.execute(
            statement(_PACKAGE, "choose_messages"), erasure.id, owner_id, list(erasure.addresses), list(marks)
        )
        written = await tx.fetch(statement(_PACKAGE, "ids_written"), owner_id, list(erasure.addresses))
        key = await erasure_key(tx.connection)
        assert key is not None  # noqa: S101 - made when the erasure was asked for
        await mark_erased(tx.connection, key, [row["message_id"] for row in written])
        unread = await tx.fetch(statement(_PACKAGE, "delete_unparsed_naming"), owner_id, list(erasure.addresses))
        await _count(tx, erasure.id, unreadable_removed=len(unread))


async def _rewrite_some(app: Headrace, turns: Turns, erasure: Erasure) -> bool:
    async with app.pool.acquire() as connection:
        owner_id = await connection.fetchval(statement(_PACKAGE, "next_message"), erasure.id)
    if owner_id is None:
        return False
    async with turns.of(owner_id), app.transaction() as tx:
        owner = await lock_owner(tx.connection, owner_id)
        await tx.execute(statement(_PACKAGE, "take_erasures"))
        rows = await tx.fetch(statement(_PACKAGE, "next_messages"), erasure.id, owner_id, MESSAGES_A_STEP)
        with bind(user_id=str(owner_id)):
            removed, changed = await rewrite(tx, owner, erasure, {row["message_id"]: row["is_thread"] for row in rows})
        await _count(tx, erasure.id, messages_removed=removed, messages_changed=changed)
    return True


async def _forget(app: Headrace, erasure: Erasure) -> None:
    """Removes what is left of the person beside messages, and ends the erasure; both or neither."""
    now = app.clock.now()
    async with app.transaction() as tx:
        owners = [row["id"] for row in await tx.fetch(statement(_PACKAGE, "lock_everybody"))]
        await tx.execute(statement(_PACKAGE, "take_erasures"))
        for contact_id in erasure.contact_ids:
            await forget_enrichment(tx.connection, contact_id)
        passages = await forget_passages(
            tx.connection,
            erasure.addresses,
            names=marks_of((), erasure.names),
            contact_ids=erasure.contact_ids,
            now=now,
        )
        await tx.execute(statement(_PACKAGE, "drop_people_addresses"), list(erasure.addresses))
        # Those that had interactions are gone by extraction already, and told of.
        for row in await tx.fetch(statement(_PACKAGE, "drop_contacts"), list(erasure.contact_ids)):
            await tx.append(ContactRemoved(row["id"], row["owner_id"]), stream=contact_stream(row["id"]))
        cleaned = await clean_own_words(tx, erasure)
        await tx.execute(statement(_PACKAGE, "drop_figures"), owners)
        for owner_id in owners:
            await count_vocabulary(tx.connection, owner_id, now=now)
            await enqueue_analytics(tx, owner_id)
        await _count(
            tx,
            erasure.id,
            passages_removed=passages,
            contacts_removed=len(erasure.contact_ids),
            **cleaned,
            **await count_left(tx, erasure),
        )
        await tx.execute(statement(_PACKAGE, "complete_erasure"), erasure.id, now)


async def _count(tx: Transaction, erasure_id: UUID, **counts: int) -> None:
    await tx.execute(statement(_PACKAGE, "add_counts"), erasure_id, msgspec.json.encode(counts).decode())
