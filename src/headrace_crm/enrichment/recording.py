"""Stores what a source said, merges it with what others said, and tells of it where something changed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, assert_never

from headrace import Transaction, statement
from headrace_crm.contacts.events import ContactUpdated, contact_stream
from headrace_crm.enrichment.contact import Contact
from headrace_crm.enrichment.events import ContactEnriched
from headrace_crm.enrichment.freshness import RefreshPolicy, due_at
from headrace_crm.enrichment.handle_store import write_handles
from headrace_crm.enrichment.merge import MergedField, changed_fields, merge, merged_hash, position_changes
from headrace_crm.enrichment.outcome import Found, Nothing, Refused
from headrace_crm.enrichment.profile import LABELS, REACH, Asked, Claim, Field, Source
from headrace_crm.enrichment.store import EnrichmentStore
from headrace_crm.mail.importing import begin_extraction

_PACKAGE: Final = "headrace_crm.enrichment"


async def record(
    tx: Transaction,
    contact: Contact,
    source: Asked,
    outcome: Found | Nothing | Refused,
    *,
    asked_for: str,
    policy: RefreshPolicy,
    now: datetime,
) -> bool:
    """Stores an answer about a locked contact; True where its profile changed, which an event then tells.

    That nobody is known takes the place of what was; that nothing is told leaves what was.
    """
    store = EnrichmentStore(tx.connection, contact.id)
    match outcome:
        case Refused():
            await store.mark_refused(source, detail=outcome.reason, due_at=due_at("refused", now, policy))
            return False
        case Found(profile):
            await write_handles(tx.connection, contact.id, contact.owner_id, source, profile.handles, now=now)
            is_other = await store.write_claims(
                source, "found", profile.claims, asked_for=asked_for, now=now, due_at=due_at("found", now, policy)
            )
        case Nothing():
            await write_handles(tx.connection, contact.id, contact.owner_id, source, (), now=now)
            is_other = await store.write_claims(
                source, "none", {}, asked_for=asked_for, now=now, due_at=due_at("none", now, policy)
            )
        case _:
            assert_never(outcome)
    if is_other and isinstance(outcome, Found):
        await compare_soon(tx, contact, outcome.profile.claims)
    return is_other and await merge_again(tx, contact, now=now)


async def compare_soon(tx: Transaction, contact: Contact, claims: Mapping[Field, Claim]) -> None:
    """Has a contact of which this was said compared with others, where it tells how they are reached."""
    if REACH.keys() & claims.keys():
        await begin_extraction(tx, contact.owner_id)


async def merge_again(tx: Transaction, contact: Contact, *, now: datetime) -> bool:
    """Merges what all sources say about a locked contact; True where that is something else than before.

    `now` is the moment the newest word is from: a change of position occurred then.
    """
    store = EnrichmentStore(tx.connection, contact.id)
    before, after = await store.profile(), merge(await store.statements())
    changed = changed_fields(before, after)
    if before == after:
        return False
    await store.write_profile(contact.owner_id, after, merged_hash(after), now=now)
    if changes := position_changes(before, after):
        await store.note_changes(changes, now=now)
        updated = ContactUpdated(contact.id, contact.owner_id, tuple(change.field for change in changes))
        await tx.append(updated, stream=contact_stream(contact.id), occurred_at=now)
    if "name" in changed:
        await _call(tx, contact, after)
    if changed:
        spoken = {found.source for found in after.values()}
        sources: tuple[Source, ...] = tuple(source for source in LABELS if source in spoken)
        await tx.append(
            ContactEnriched(contact.id, contact.owner_id, changed, sources), stream=contact_stream(contact.id)
        )
    return bool(changed)


async def _call(tx: Transaction, contact: Contact, fields: Mapping[Field, MergedField]) -> None:
    """Calls the contact by the name of its profile wherever it is shown; by the one mail gives where it has none."""
    name = str(fields["name"].value) if "name" in fields else None
    if await tx.fetchval(statement(_PACKAGE, "name_contact"), contact.id, name):
        renamed = ContactUpdated(contact.id, contact.owner_id, ("name",))
        await tx.append(renamed, stream=contact_stream(contact.id))
