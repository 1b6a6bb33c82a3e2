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
from headrace_crm.contacts.removal import delete_removed
from headrace_crm.contacts.resolve import Interaction, Resolution, resolve
from headrace_crm.contacts.standing import Standing, standing_of
from headrace_crm.contacts.store import ContactStore, StaleAddress, Writer
from headrace_crm.contacts.tie import bonds_by_address, ties_of
from headrace_crm.contacts.unmatched import mark_matched, mark_unmatched, unmatched_contacts
from headrace_crm.mail.following import FindPeople
from headrace_crm.mail.importing import ExtractContacts
from headrace_crm.mail.owners import Owner, lock_owner
from headrace_crm.mail.turns import Turns

ADDRESSES_AT_ONCE: Final = 2_000
MESSAGES_AT_ONCE: Final = 500
CONTACTS_AT_ONCE: Final = 500
READINGS_AT_ONCE: Final = 100
MATCHES_AT_ONCE: Final = 100
A_LITTLE: Final = 100
"""What comes with a few messages is done in one transaction: committing takes longer than looking for it."""

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
    """Works until nothing is left to do, each transaction going on where the last one ended.

    Returns how much was done: addresses judged, messages resolved, contacts announced anew, contacts whose mail
    was read, contacts compared with their namesakes.
    """
    done: Counter[str] = Counter()
    is_all = False
    while not is_all:
        async with turns.of(args.owner_id), app.transaction() as tx:
            owner = await lock_owner(tx.connection, args.owner_id)
            with bind(user_id=str(owner.id)):
                found, is_all = await take_steps(tx, owner, following=following, now=app.clock.now())
        done.update(found)
    return dict(done)


def people_finder(app: Headrace, following: Following) -> FindPeople:
    """What finds the people of a little mail in the transaction that stores it."""

    async def find_people(tx: Transaction, owner: Owner) -> bool:
        _, is_all = await take_steps(tx, owner, following=following, now=app.clock.now(), at_most=A_LITTLE)
        return is_all

    return find_people


async def take_steps(
    tx: Transaction, owner: Owner, *, following: Following, now: datetime, at_most: int | None = None
) -> tuple[dict[str, int], bool]:
    """Does what is left to do for a locked owner, until it was more than a little; how much, and whether it was all.

    Addresses come before messages, so that no message is resolved by a judgement that is out of date. Mail is
    read for facts after that: once for everything that a run found, and under the name that a contact has then. Who
    is one person is asked last, since facts tell it too. Only that leaves work to the steps before it: what is
    joined begins again with its messages. `at_most` bounds each step further.
    """
    store = ContactStore(tx.connection, owner.id)
    steps: Sequence[tuple[str, int, Callable[[int], Awaitable[int]]]] = (
        ("addresses", ADDRESSES_AT_ONCE, lambda limit: _judge_stale(tx, store, owner, limit)),
        ("messages", MESSAGES_AT_ONCE, lambda limit: _resolve_messages(tx, store, owner, limit)),
        ("removed", MESSAGES_AT_ONCE, lambda limit: delete_removed(tx, owner.id, limit=limit)),
        ("contacts", CONTACTS_AT_ONCE, lambda limit: _announce_changes(tx, store, owner.id, limit)),
        ("readings", READINGS_AT_ONCE, lambda limit: _read_mail(tx, store, following, limit)),
    )
    done: dict[str, int] = {}
    for name, most, step in steps:
        limit = most if at_most is None else min(most, at_most)
        count = await step(limit)
        if count:
            done[name] = count
        if count == limit or sum(done.values()) >= A_LITTLE:
            return done, False
    unmatched = await unmatched_contacts(tx.connection, owner.id, limit=MATCHES_AT_ONCE)
    if not unmatched:
        return done, True
    await mark_matched(tx.connection, unmatched)
    joined_count = await following.join_alike(tx, owner.id, unmatched, now=now)
    return {**done, "matches": len(unmatched)}, not joined_count and len(unmatched) < MATCHES_AT_ONCE


async def _judge_stale(tx: Transaction, store: ContactStore, owner: Owner, limit: int) -> int:
    addresses = await store.stale_addresses(limit=limit)
    if addresses:
        await mark_unmatched(tx.connection, await _judge_addresses(store, owner, addresses))
    return len(addresses)


async def _resolve_messages(tx: Transaction, store: ContactStore, owner: Owner, limit: int) -> int:
    messages = await store.unextracted_messages(limit=limit)
    if messages:
        people = await store.people(message.message for message in messages)
        await _record(tx, store, owner.id, resolve(messages, owners=owner.addresses, people=people))
    return len(messages)


async def _read_mail(tx: Transaction, store: ContactStore, following: Following, limit: int) -> int:
    unread = await store.unread_contacts(limit=limit)
    if unread:
        await following.read_mail(tx, unread)
        await store.mark_read(unread)
    return len(unread)


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


async def _announce_changes(tx: Transaction, store: ContactStore, owner_id: UUID, limit: int) -> int:
    told = {each.card.id: each for each in await store.stale_contacts(limit=limit)}
    if told:
        cards = await store.cards(told)
        changed = [card for card in cards.values() if card != told[card.id].card]
        await store.update_contacts(changed)
        await store.freshen_contacts(told)
        for card in changed:
            # Nobody sees what mail calls somebody who has a better name.
            if not told[card.id].is_named or card.addresses != told[card.id].card.addresses:
                await tx.append(ContactUpdated(card.id, owner_id), stream=contact_stream(card.id))
    return len(told)
