"""The work of `enrich-linkedin` and `enrich-clearbit`: asks one source about one contact, and stores what it says."""

from datetime import datetime
from typing import Final
from uuid import UUID

from headrace import Connection, Headrace, Job, Snooze, Transaction
from headrace_crm.enrichment.admission import Admission, admit, conclude, conclude_failure, until
from headrace_crm.enrichment.contact import Contact, lock_contact
from headrace_crm.enrichment.fan_out import follow_handles
from headrace_crm.enrichment.freshness import due_at
from headrace_crm.enrichment.kinds import ASK_KINDS, AskSource
from headrace_crm.enrichment.outcome import Found, Limited, Nothing, Pending, ProviderUnavailableError, Refused
from headrace_crm.enrichment.profile import Asked
from headrace_crm.enrichment.provider import Query
from headrace_crm.enrichment.recording import record
from headrace_crm.enrichment.sources import Sources
from headrace_crm.enrichment.store import EnrichmentStore, StoredAnswer

MOST_PENDING: Final = 5
"""How often a source may say that it is looking, before it is taken to know nothing."""

TURNED_OFF: Final = Refused("it is not on any more")


async def ask_about(app: Headrace, sources: Sources, source: Asked, args: AskSource, job: Job) -> str:
    """Asks once and completes the job with what came of it; a source that must not be asked is waited for.

    Whoever dies between the call and its end leaves the answer to be asked for once more. Raises Snooze, and
    ProviderUnavailableError for the next attempt.
    """
    now = app.clock.now()
    async with app.transaction() as tx:
        question = await open_question(tx.connection, args.contact_id, source)
        admitted = await _admit(tx, sources, source, now=now) if question is not None else None
    provider = sources.providers.get(source)
    if question is None or admitted is None:
        return "answered already"
    if isinstance(admitted, Limited):
        raise until(admitted.until, now)
    if isinstance(admitted, Refused) or provider is None:
        refused = admitted if isinstance(admitted, Refused) else TURNED_OFF
        async with job.transaction() as tx:
            tx.result = await _record(tx, sources, source, question, refused, now=now)
        return "refused"
    try:
        answer = await provider.look_up(query_of(*question), now=now)
    except ProviderUnavailableError as error:
        await conclude_failure(app, admitted, error)
        raise
    match answer.outcome:
        case Limited(until=moment):
            async with app.transaction() as tx:
                await conclude(tx, sources, source, admitted, answer, now=now)
            raise until(moment, now)
        case Pending(after=after):
            async with app.transaction() as tx:
                await conclude(tx, sources, source, admitted, answer, now=now)
                tries = await _note_pending(tx.connection, sources, source, args.contact_id, now=now)
            if tries < MOST_PENDING:
                raise Snooze(after)
            async with job.transaction() as tx:
                tx.result = await _record(tx, sources, source, question, Nothing(), now=now)
        case Found() | Nothing() | Refused():
            async with job.transaction() as tx:
                await conclude(tx, sources, source, admitted, answer, now=now)
                tx.result = await _record(tx, sources, source, question, answer.outcome, now=now)
    return type(answer.outcome).__name__.lower()


async def open_question(connection: Connection, contact_id: UUID, source: Asked) -> tuple[Contact, StoredAnswer] | None:
    """The contact and what a source is to be asked about it; None where it is gone, or the answer has come."""
    contact = await lock_contact(connection, contact_id)
    if contact is None:
        return None
    answer = (await EnrichmentStore(connection, contact_id).answers()).get(source)
    if answer is None or answer.standing.state not in {"asked", "pending"}:
        return None
    return contact, answer


def query_of(contact: Contact, asked: StoredAnswer) -> Query:
    """The query that `question_for` wrote down."""
    email, _, linkedin = asked.standing.asked_for.partition(" ")
    return Query(email=email, name=contact.name, linkedin=linkedin or None, token=asked.token)


async def _admit(tx: Transaction, sources: Sources, source: Asked, *, now: datetime) -> Admission | Refused | Limited:
    provider = sources.providers.get(source)
    if provider is None:
        return TURNED_OFF
    return await admit(tx, sources, source, units=1, price=provider.most, now=now)


async def _note_pending(
    connection: Connection, sources: Sources, source: Asked, contact_id: UUID, *, now: datetime
) -> int:
    if await open_question(connection, contact_id, source) is None:
        return 0
    store = EnrichmentStore(connection, contact_id)
    return await store.mark_pending(source, due_at=due_at("pending", now, sources.policy))


async def _record(
    tx: Transaction,
    sources: Sources,
    source: Asked,
    question: tuple[Contact, StoredAnswer],
    outcome: Found | Nothing | Refused,
    *,
    now: datetime,
) -> str:
    """Stores the answer to a question that may have been answered, or have become another one, since it was asked."""
    asked_about, asked = question
    asked_for = asked.standing.asked_for
    still_open = await open_question(tx.connection, asked_about.id, source)
    if still_open is None:
        return "answered already"
    contact, current = still_open
    if current.standing.asked_for != asked_for:
        await ask_anew(tx, source, contact.id)
        return "asked anew"
    await record(tx, contact, source, outcome, asked_for=asked_for, policy=sources.policy, now=now)
    if isinstance(outcome, Found) and any(handle.network == "x" for handle in outcome.profile.handles):
        await follow_handles(tx, sources, contact.id)
    return type(outcome).__name__.lower()


async def ask_anew(tx: Transaction, source: Asked, contact_id: UUID) -> None:
    """Has a question asked that took the place of the one just answered: no job was made for it while this one ran."""
    await tx.enqueue(ASK_KINDS[source], AskSource(contact_id))
