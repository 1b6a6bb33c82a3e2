"""Contacts joined by the word of a user or by evidence, and split: addresses at once, the rest by extraction.

Both only say whose addresses are, and have the messages that name them resolved again. Extraction then retracts and
records interactions, one event each, so that whatever counts events comes out right, and comes out the same when it
is rebuilt.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from headrace import Transaction, uuid7
from headrace_crm.contacts.decisions import DecisionStore
from headrace_crm.contacts.events import ContactCreated, ContactMerged, ContactSplit, contact_stream
from headrace_crm.contacts.store import ContactStore
from headrace_crm.contacts.tags import copy_tags
from headrace_crm.errors import CrmError
from headrace_crm.mail.importing import begin_extraction


class JoiningError(CrmError):
    """Contacts cannot be joined or split as asked; the message says why."""


async def merge_contacts(
    tx: Transaction, owner_id: UUID, contact_id: UUID, merged_id: UUID, *, evidence: Sequence[str] = (), now: datetime
) -> tuple[str, ...]:
    """Gives a contact the addresses of another, which goes; the owner must be locked. Returns these addresses.

    Without evidence it is a user's word, which is kept and stands against all evidence from then on.

    Raises JoiningError where both are the same, or one is gone or another owner's.
    """
    store, decisions = ContactStore(tx.connection, owner_id), DecisionStore(tx.connection, owner_id)
    if contact_id == merged_id:
        raise JoiningError("both are the same contact already; name two")
    await _require(decisions, {contact_id, merged_id})
    addresses = {each: (await decisions.addresses_of(each)) for each in (contact_id, merged_id)}
    brought = addresses[merged_id]
    if not evidence:
        await decisions.decide((*addresses[contact_id], *brought), contact_id, now=now)
    await store.write_people(dict.fromkeys(brought, contact_id), removed=())
    await store.unextract_messages_of(brought)
    await store.mark_unread([contact_id])
    await copy_tags(tx.connection, merged_id, contact_id)
    merged = ContactMerged(contact_id, owner_id, merged_id, tuple(evidence))
    await tx.append(merged, stream=contact_stream(contact_id))
    await begin_extraction(tx, owner_id)
    return brought


async def split_contact(
    tx: Transaction, owner_id: UUID, contact_id: UUID, addresses: Collection[str], *, now: datetime
) -> UUID:
    """Makes some of a contact's addresses a contact of their own, whose id it returns; the owner must be locked.

    Raises JoiningError where the contact is gone, an address is not its own, none would stay, or no mail with the
    owner names them.
    """
    store, decisions = ContactStore(tx.connection, owner_id), DecisionStore(tx.connection, owner_id)
    await _require(decisions, {contact_id})
    had = await decisions.addresses_of(contact_id)
    wanted = tuple(sorted({address.strip().lower() for address in addresses}))
    strange = sorted(set(wanted) - set(had))
    if strange:
        raise JoiningError(f"{strange[0]} is no address of this contact; it has {', '.join(had)}")
    left = [address for address in had if address not in wanted]
    if not wanted or not left:
        raise JoiningError(f"a split takes some of the addresses and leaves some, of {', '.join(had)}")
    for part in (wanted, left):
        if not await decisions.has_dealings_by(contact_id, part):
            raise JoiningError(f"no mail between the owner and {', '.join(part)} is here; that would be no contact")
    new_id = uuid7()
    await decisions.decide(left, contact_id, now=now)
    await decisions.decide(wanted, new_id, now=now)
    await store.write_people(dict.fromkeys(wanted, new_id), removed=())
    await store.insert_contacts(list((await store.cards([new_id])).values()))
    await copy_tags(tx.connection, contact_id, new_id)
    await store.unextract_messages_of(wanted)
    await store.mark_stale([contact_id])
    await store.mark_unread([contact_id])
    await tx.append(ContactSplit(contact_id, owner_id, new_id), stream=contact_stream(contact_id))
    await tx.append(ContactCreated(new_id, owner_id), stream=contact_stream(new_id))
    await begin_extraction(tx, owner_id)
    return new_id


async def _require(decisions: DecisionStore, contact_ids: set[UUID]) -> None:
    missing = contact_ids - await decisions.lock_contacts(contact_ids)
    if missing:
        raise JoiningError("a contact is gone, or in another owner's mail; look again with `crm contacts`")
