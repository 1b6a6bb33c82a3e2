"""The work of `contact-enrichment`: what is free is done at once, and each source that is due gets a job of its own."""

from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import Final
from uuid import UUID

from headrace import Job, Transaction, Unique
from headrace_crm.enrichment.account_lookups import request_lookup
from headrace_crm.enrichment.contact import Contact, lock_contact
from headrace_crm.enrichment.discovery import best_handle, read_mail
from headrace_crm.enrichment.freshness import due_at, is_due
from headrace_crm.enrichment.kinds import ASK_KINDS, ENRICHMENT_KIND, LOOKUP_KIND, AskSource, EnrichContact
from headrace_crm.enrichment.profile import Asked
from headrace_crm.enrichment.sources import Sources
from headrace_crm.enrichment.store import EnrichmentStore

_GATHERING: Final = timedelta(seconds=1)
"""How long a look-up of handles waits for more of them."""


async def enrich_contact(
    tx: Transaction, sources: Sources, args: EnrichContact, job: Job, *, now: datetime
) -> dict[str, object] | None:
    """Reads the contact's mail for what costs nothing, and enqueues a child for each source that is on, chosen and due.

    Returns the sources asked and whether the profile changed; None where the contact is gone.
    """
    contact = await lock_contact(tx.connection, args.contact_id)
    if contact is None:
        return None
    is_changed = await read_mail(tx, contact, now=now)
    answers = await EnrichmentStore(tx.connection, contact.id).answers()
    asked: list[Asked] = []
    for source in sources.on:
        if args.sources is not None and source not in args.sources:
            continue
        question = await question_for(tx, contact, source)
        if question is None:
            continue
        answer = answers.get(source)
        standing = None if answer is None else answer.standing
        if is_due(standing, asked_for=question, now=now, is_forced=args.is_forced):
            await _ask(tx, sources, contact, source, question=question, job=job, now=now)
            asked.append(source)
    return {"asked": asked, "is_changed": is_changed}


async def question_for(tx: Transaction, contact: Contact, source: Asked) -> str | None:
    """What a source is asked for: X for a handle, the others for an address, with a profile link where one is known."""
    if source == "x":
        handle = await best_handle(tx.connection, contact, "x", besides="x")
        return None if handle is None else handle.handle
    if not contact.addresses:
        return None
    linkedin = await best_handle(tx.connection, contact, "linkedin", besides=source) if source == "pdl" else None
    return contact.addresses[0] if linkedin is None else f"{contact.addresses[0]} {linkedin.handle}"


async def follow_handles(tx: Transaction, sources: Sources, contact_id: UUID) -> None:
    """Has a contact enriched by X once another source has told its handle."""
    if sources.network is not None:
        args = EnrichContact(contact_id, sources=("x",))
        await tx.enqueue(ENRICHMENT_KIND, args, unique=Unique(args.key, scope="waiting"))


async def _ask(
    tx: Transaction, sources: Sources, contact: Contact, source: Asked, *, question: str, job: Job, now: datetime
) -> None:
    token = token_urlsafe(24) if source == "clearbit" else None
    store = EnrichmentStore(tx.connection, contact.id)
    await store.mark_asked(source, question, token=token, now=now, due_at=due_at("asked", now, sources.policy))
    args, unique = AskSource(contact.id), Unique(str(contact.id))
    if source != "x":
        await tx.enqueue(ASK_KINDS[source], args, parent=job, unique=unique)
        return
    # A look-up that waits is locked to the end of this transaction: it cannot begin without this handle.
    lookup = await tx.enqueue(LOOKUP_KIND, unique=Unique("x", scope="waiting"), delay=_GATHERING)
    await request_lookup(tx.connection, contact.id, question, lookup.id, now=now)
    await tx.enqueue(
        ASK_KINDS[source],
        args,
        parent=job,
        unique=unique,
        depends_on=[lookup],
        on_failed_dependency="run",
    )
