"""The work of `enrich-linkedin` and `enrich-clearbit`: asks one source about one contact, and stores what it says."""

from datetime import datetime
from typing import Final, assert_never
from uuid import UUID

from headrace import Connection, Headrace, Job, Snooze, Transaction
from headrace_crm.enrichment.admission import admit, answered, conclude, until
from headrace_crm.enrichment.contact import Contact, lock_contact
from headrace_crm.enrichment.fan_out import follow_handles
from headrace_crm.enrichment.freshness import RefreshPolicy, due_at
from headrace_crm.enrichment.kinds import ASK_KINDS, AskSource
from headrace_crm.enrichment.outcome import Found, Limited, Nothing, Outcome, Pending, Refused
from headrace_crm.enrichment.profile import Asked
from headrace_crm.enrichment.provider import Posts, Query
from headrace_crm.enrichment.received import Kept, Looking, Received
from headrace_crm.enrichment.recording import record
from headrace_crm.enrichment.sources import Sources
from headrace_crm.enrichment.store import EnrichmentStore, StoredAnswer

MOST_PENDING: Final = 5
"""How often a source may say that it is looking, before it is taken to know nothing."""

TURNED_OFF: Final = Refused("it is not on any more")


async def ask_about(app: Headrace, sources: Sources, source: Asked, args: AskSource, job: Job) -> str:
    """Asks once, unless an answer is kept that is not merged yet, and completes the job with what came of it.

    An answer is kept in a transaction of its own before it is merged. So whoever dies between a call and its end
    leaves this one call to be made once more, and none whose answer had come; a source that must not be asked is
    waited for. Raises Snooze, and ProviderUnavailableError for the next attempt.
    """
    async with app.transaction() as tx:
        question = await open_question(tx.connection, args.contact_id, source)
    if question is None:
        return "answered already"
    contact, asked = question
    refused = await _ask(app, sources, source, contact) if needs_call(asked, app.clock.now()) else None
    async with job.transaction() as tx:
        tx.result = came = await _merge(tx, sources, source, contact.id, refused, now=app.clock.now())
    return came


async def open_question(connection: Connection, contact_id: UUID, source: Asked) -> tuple[Contact, StoredAnswer] | None:
    """The contact and what a source is to be asked about it; None where it is gone, or the answer has come."""
    contact = await lock_contact(connection, contact_id)
    if contact is None:
        return None
    answer = await EnrichmentStore(connection, contact_id).open_answer(source)
    return None if answer is None else (contact, answer)


def needs_call(asked: StoredAnswer, now: datetime) -> bool:
    """True where an open question is to be asked now, False where its answer is kept.

    Raises Snooze while the source is looking for it, as it said.
    """
    if asked.received is None:
        return True
    if not isinstance(asked.received.answer, Looking) or asked.tries >= MOST_PENDING:
        return False
    again_at = asked.received.answer.again_at
    if again_at > now:
        raise until(again_at, now)
    return True


def query_of(contact: Contact, asked: StoredAnswer) -> Query:
    """The query that `question_for` wrote down."""
    email, _, linkedin = asked.standing.asked_for.partition(" ")
    return Query(email=email, name=contact.name, linkedin=linkedin or None, token=asked.token)


async def _ask(app: Headrace, sources: Sources, source: Asked, contact: Contact) -> Refused | None:
    """Makes the call and keeps its answer; the refusal where the source must not be asked at all."""
    provider = sources.providers.get(source)
    if provider is None:
        return TURNED_OFF
    async with sources.paid.turn(source, price=provider.most):
        now = app.clock.now()
        async with app.transaction() as tx:
            # It may have been answered while this attempt waited. The contact is not locked: nobody is to wait for one
            # with the turn in hand, and whoever changes the question meanwhile finds it answered or asks it anew.
            asked = await EnrichmentStore(tx.connection, contact.id).open_answer(source)
            if asked is None or not needs_call(asked, now):
                return None
            admitted = await admit(tx, sources, source, units=1, price=provider.most, now=now)
        if isinstance(admitted, Refused):
            return admitted
        if isinstance(admitted, Limited):
            raise until(admitted.until, now)
        answer = await answered(app, admitted, provider.look_up(query_of(contact, asked), now=now))
        async with app.transaction() as tx:
            await conclude(tx, sources, source, admitted, answer, now=now)
            store = EnrichmentStore(tx.connection, contact.id)
            wait = await _keep(store, source, asked, answer.outcome, policy=sources.policy, now=now)
    if wait is not None:
        raise wait
    return None


async def _keep(
    store: EnrichmentStore,
    source: Asked,
    asked: StoredAnswer,
    outcome: Outcome,
    *,
    policy: RefreshPolicy,
    now: datetime,
) -> Snooze | None:
    """Keeps an answer, and tells how long to wait where it is none yet."""
    asked_for = asked.standing.asked_for
    match outcome:
        case Limited(until=moment):
            return until(moment, now)
        case Pending(after=after):
            looking = Received(Looking(now + after), now)
            tries = await store.mark_pending(source, asked_for, looking, due_at=due_at("pending", now, policy))
            return Snooze(after) if tries is not None and tries < MOST_PENDING else None
        case Found() | Nothing() | Refused():
            await store.keep_answer(source, asked_for, Received(outcome, now))
            return None
        case _:
            assert_never(outcome)


async def _merge(
    tx: Transaction, sources: Sources, source: Asked, contact_id: UUID, refused: Refused | None, *, now: datetime
) -> str:
    """Stores the answer to a question that may have been answered, or have become another one, since it was asked."""
    question = await open_question(tx.connection, contact_id, source)
    if question is None:
        return "answered already"
    contact, asked = question
    if asked.received is not None and not needs_call(asked, now):
        outcome, at = _outcome_of(asked.received.answer), asked.received.at
    elif refused is not None:
        outcome, at = refused, now
    else:
        await ask_anew(tx, source, contact.id)
        return "asked anew"
    await record(tx, contact, source, outcome, asked_for=asked.standing.asked_for, policy=sources.policy, now=at)
    if isinstance(outcome, Found) and any(handle.network == "x" for handle in outcome.profile.handles):
        await follow_handles(tx, sources, contact.id)
    return type(outcome).__name__.lower()


def _outcome_of(kept: Kept) -> Found | Nothing | Refused:
    # Who has been looking all the while knows nothing; and posts are not what these sources are asked for.
    return Nothing() if isinstance(kept, Looking | Posts) else kept


async def ask_anew(tx: Transaction, source: Asked, contact_id: UUID) -> None:
    """Has a question asked that took the place of the one just answered: no job was made for it while this one ran."""
    await tx.enqueue(ASK_KINDS[source], AskSource(contact_id))
