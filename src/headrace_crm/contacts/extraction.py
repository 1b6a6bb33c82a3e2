"""The work of `contact-extraction`: brings an owner's people and interactions in line with the mail stored.

What results is a function of the set of messages and of the owner's addresses, whatever order they came
in and wherever a run was cut off; but where two contacts turn out to be one person, which id stays depends on which
was there first.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol, TypeAlias
from uuid import UUID

from headrace import Headrace, Transaction, bind, uuid7
from headrace_crm.contacts.events import (
    ContactCreated,
    ContactRemoved,
    ContactUpdated,
    InteractionEmailReceived,
    InteractionEmailSent,
    InteractionRecorded,
    InteractionRetracted,
    contact_stream,
)
from headrace_crm.contacts.person import Author, join_addresses
from headrace_crm.contacts.resolve import Interaction, Resolution, resolve
from headrace_crm.contacts.standing import Standing, standing_of
from headrace_crm.contacts.store import Announced, ContactStore, StaleAddress, Writer
from headrace_crm.contacts.tie import bonds_by_address, ties_of
from headrace_crm.contacts.unmatched import mark_matched, mark_unmatched, unmatched_contacts
from headrace_crm.mail.events import EmailThreadUpdated
from headrace_crm.mail.importing import ExtractContacts
from headrace_crm.mail.owners import Owner, lock_owner
from headrace_crm.mail.turns import Turns

ADDRESSES_A_STEP: Final = 2_000
MESSAGES_A_STEP: Final = 500
CONTACTS_A_STEP: Final = 500
READINGS_A_STEP: Final = 100

MATCHES_A_STEP: Final = 100

ReadMail: TypeAlias = Callable[[Transaction, Sequence[UUID]], Awaitable[None]]


class JoinAlike(Protocol):
    """Joins contacts of an owner that are one person, among these and others; how many went."""

    def __call__(
        self, tx: Transaction, owner_id: UUID, contact_ids: Sequence[UUID], *, now: datetime
    ) -> Awaitable[int]: ...


@dataclass(frozen=True, slots=True)
class Following:
    """What a feature above this one does as a part of extraction.

    `read_mail` reads what contacts say of themselves in their mail, and stores it; `join_alike` joins contacts of
    which enough is known then.
    """

    read_mail: ReadMail
    join_alike: JoinAlike


async def extract_contacts(
    app: Headrace, turns: Turns, args: ExtractContacts, *, following: Following
) -> dict[str, int]:
    """Works step by step until nothing is left to do; each step is one transaction that resumes the last.

    Returns how much was done: addresses judged, messages resolved, contacts announced anew, contacts whose mail
    was read, contacts compared with their namesakes.
    """
    done: Counter[str] = Counter()
    while True:
        async with turns.of(args.owner_id), app.transaction() as tx:
            owner = await lock_owner(tx.connection, args.owner_id)
            with bind(user_id=str(owner.id)):
                step = await take_step(tx, owner, following=following, now=app.clock.now())
        if step is None:
            return dict(done)
        done[step[0]] += step[1]


async def take_step(tx: Transaction, owner: Owner, *, following: Following, now: datetime) -> tuple[str, int] | None:
    """Does the first thing left to do for a locked owner; None when there is none.

    Addresses come before messages, so that no message is resolved by a judgement that is out of date. Mail is
    read for facts after that: once for everything that a run found, and under the name that a contact has then. Who
    is one person is asked last, since facts tell it too; what is joined begins again with its messages.
    """
    store = ContactStore(tx.connection, owner.id)
    if addresses := await store.stale_addresses(limit=ADDRESSES_A_STEP):
        apart = await _judge_addresses(store, owner, addresses)
        await mark_unmatched(tx.connection, apart)
        return "addresses", len(addresses)
    if messages := await store.unextracted_messages(limit=MESSAGES_A_STEP):
        people = await store.people(message.message for message in messages)
        await _record(tx, store, owner.id, resolve(messages, owners=owner.addresses, people=people))
        return "messages", len(messages)
    if threads := await store.delete_removed(limit=MESSAGES_A_STEP):
        for thread_id in await store.delete_empty_threads(set(threads)):
            # What follows from the order of messages in a thread changes for everybody in it.
            await tx.append(EmailThreadUpdated(owner.id, thread_id))
        return "removed", len(threads)
    if contacts := await store.stale_contacts(limit=CONTACTS_A_STEP):
        await _announce_changes(tx, store, owner.id, contacts)
        return "contacts", len(contacts)
    return await _learn(tx, store, owner.id, following=following, now=now)


async def _learn(
    tx: Transaction, store: ContactStore, owner_id: UUID, *, following: Following, now: datetime
) -> tuple[str, int] | None:
    if unread := await store.unread_contacts(limit=READINGS_A_STEP):
        await following.read_mail(tx, unread)
        await store.mark_read(unread)
        return "readings", len(unread)
    if unmatched := await unmatched_contacts(tx.connection, owner_id, limit=MATCHES_A_STEP):
        await mark_matched(tx.connection, unmatched)
        await following.join_alike(tx, owner_id, unmatched, now=now)
        return "matches", len(unmatched)
    return None


async def _judge_addresses(store: ContactStore, owner: Owner, addresses: Sequence[StaleAddress]) -> AbstractSet[UUID]:
    """Gives every address a person; the contacts that are tied to another one."""
    standings: dict[str, Standing] = {each.facts.email: standing_of(each.facts, owner.addresses) for each in addresses}
    changed = [
        each.facts.email
        for each in addresses
        if each.standing is not None and each.standing != standings[each.facts.email]
    ]
    writers = {
        each.facts.email: Writer(each.facts.email, each.full_names, each.contact_id, each.decided)
        for each in addresses
        if standings[each.facts.email] == "person"
    }
    for neighbour in await store.authors_named({name for writer in writers.values() for name in writer.full_names}):
        if neighbour.email not in standings:
            writers[neighbour.email] = neighbour
    bonds = bonds_by_address(await store.bonds_among(writers.values()))
    authors = {
        email: Author(email, ties_of(email, each.full_names, bonds.get(email, ())), each.contact_id, each.decided)
        for email, each in writers.items()
    }
    contacts = await store.existing_contacts({author.contact_id for author in authors.values() if author.contact_id})
    people = join_addresses(authors.values(), contacts=contacts, new_id=uuid7)
    await store.absorb_people(people.absorbed)
    await store.write_standings(standings)
    await store.write_people(
        {email: people.contact_ids[email] for email in authors},
        removed=[email for email, standing in standings.items() if standing != "person"],
    )
    await store.unextract_messages_of(changed)
    return people.apart


async def _record(tx: Transaction, store: ContactStore, owner_id: UUID, resolutions: Sequence[Resolution]) -> None:
    recorded = [each for resolution in resolutions for each in resolution.recorded]
    retracted = [each for resolution in resolutions for each in resolution.retracted]
    contact_ids = {each.contact_id for each in recorded}
    missing = contact_ids - await store.existing_contacts(contact_ids)
    # In the order of their first interaction, so that a replay meets people as the owner did.
    ordered = [
        contact_id for contact_id in dict.fromkeys(each.contact_id for each in recorded) if contact_id in missing
    ]
    cards = await store.cards(ordered)
    await store.insert_contacts([cards[contact_id] for contact_id in ordered])
    await store.delete_interactions(retracted)
    await store.insert_interactions(recorded)
    await store.mark_unread({each.contact_id for each in (*recorded, *retracted) if each.direction == "received"})
    for contact_id in ordered:
        created = ContactCreated(contact_id, owner_id)
        await tx.append(created, stream=contact_stream(contact_id))
    for each in retracted:
        event = InteractionRetracted(each.contact_id, owner_id, each.direction, each.message_id)
        await tx.append(event, stream=contact_stream(each.contact_id), occurred_at=each.occurred_at)
    for each in recorded:
        await _append_interaction(tx, owner_id, each)
    for contact_id in await store.delete_lone_contacts({each.contact_id for each in retracted}):
        await tx.append(ContactRemoved(contact_id, owner_id), stream=contact_stream(contact_id))
    await store.mark_extracted(resolutions)


async def _append_interaction(tx: Transaction, owner_id: UUID, each: Interaction) -> None:
    stream = contact_stream(each.contact_id)
    kind = InteractionEmailSent if each.direction == "sent" else InteractionEmailReceived
    await tx.append(kind(each.contact_id, owner_id, each.message_id), stream=stream, occurred_at=each.occurred_at)
    recorded = InteractionRecorded(each.contact_id, owner_id, "email", each.direction, each.message_id)
    await tx.append(recorded, stream=stream, occurred_at=each.occurred_at)


async def _announce_changes(
    tx: Transaction, store: ContactStore, owner_id: UUID, contacts: Sequence[Announced]
) -> None:
    told = {each.card.id: each for each in contacts}
    cards = await store.cards(told)
    changed = [card for card in cards.values() if card != told[card.id].card]
    await store.update_contacts(changed)
    await store.freshen_contacts(told)
    for card in changed:
        # Nobody sees what mail calls somebody who has a better name.
        if not told[card.id].is_named or card.addresses != told[card.id].card.addresses:
            await tx.append(ContactUpdated(card.id, owner_id), stream=contact_stream(card.id))
