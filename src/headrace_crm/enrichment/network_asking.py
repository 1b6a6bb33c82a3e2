"""The work of `look-up-x-accounts` and `enrich-twitter`: handles are looked up together, then each account's posts."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from headrace import Headrace, Job, Snooze, Transaction, Unique
from headrace_crm.enrichment.account_lookups import Lookup, answer_lookups, lookup_of, request_lookup, waiting_handles
from headrace_crm.enrichment.admission import admit, answered, conclude, until
from headrace_crm.enrichment.asking import TURNED_OFF, ask_anew, open_question
from headrace_crm.enrichment.contact import Contact
from headrace_crm.enrichment.corroboration import corroborated
from headrace_crm.enrichment.handle_store import handles_of
from headrace_crm.enrichment.kinds import LOOKUP_KIND, AskSource
from headrace_crm.enrichment.outcome import (
    Answer,
    Found,
    Limited,
    Nothing,
    Refused,
)
from headrace_crm.enrichment.provider import Accounts, Network, Posts
from headrace_crm.enrichment.received import Received
from headrace_crm.enrichment.recording import record
from headrace_crm.enrichment.sources import Sources
from headrace_crm.enrichment.store import EnrichmentStore

_REFUSED_AT_ONCE: Final = 1_000
_LOOK_AGAIN: Final = timedelta(minutes=5)


async def look_up_accounts(app: Headrace, sources: Sources, job: Job) -> None:
    """Looks up as many waiting handles as fit into one call and below the caps.

    It comes back by Snooze until every handle that was asked of this job is answered, so that each call is paced by
    the kind's limit. Raises ProviderUnavailableError for the next attempt.
    """
    network = sources.network
    async with sources.paid.turn("x", price=0 if network is None else network.account_price):
        now = app.clock.now()
        async with app.transaction() as tx:
            most = _REFUSED_AT_ONCE if network is None else network.accounts_at_once
            handles, own = await waiting_handles(tx.connection, job.id, limit=most)
            if not own:
                return
            if network is None:
                admitted = TURNED_OFF
            else:
                admitted = await admit(tx, sources, "x", units=len(handles), price=network.account_price, now=now)
            if isinstance(admitted, Refused):
                await answer_lookups(tx.connection, handles, "refused", detail=admitted.reason)
        if isinstance(admitted, Limited):
            raise until(admitted.until, now)
        if isinstance(admitted, Refused) or network is None:
            raise Snooze(timedelta(0))
        asked = handles[: admitted.reservation.units]
        answer = await answered(app, admitted, network.accounts(asked, now=now))
        async with app.transaction() as tx:
            await conclude(tx, sources, "x", admitted, answer, now=now)
            await _answer(tx, asked, answer)
    if isinstance(answer.outcome, Limited):
        raise until(answer.outcome.until, now)
    raise Snooze(timedelta(0))


async def _answer(tx: Transaction, asked: list[str], answer: Answer[Accounts | Refused | Limited]) -> None:
    match answer.outcome:
        case Accounts(found, absent):
            known = {handle: account for handle, account in found.items() if handle in asked}
            await answer_lookups(tx.connection, list(known), "found", accounts=list(known.values()))
            await answer_lookups(tx.connection, sorted(absent), "none")
        case Refused(reason):
            await answer_lookups(tx.connection, asked, "refused", detail=reason)
        case Limited():
            pass


async def read_account(app: Headrace, sources: Sources, args: AskSource, job: Job) -> str:
    """Reads the posts of a contact's account, which has been looked up, and stores what both say.

    Posts are kept before they are merged, and not read again for the same question. Raises Snooze where X must not be
    asked now, or the handle was not looked up after all, and ProviderUnavailableError for the next attempt.
    """
    network = sources.network
    async with app.transaction() as tx:
        question = await open_question(tx.connection, args.contact_id, "x")
        if question is None:
            return "answered already"
        contact, asked = question
        asked_for = asked.standing.asked_for
        lookup = await lookup_of(tx.connection, contact.id)
        is_open = network is not None and (lookup is None or lookup.outcome is None or lookup.handle != asked_for)
        if is_open:
            await _ask_again(tx, contact.id, asked_for, now=app.clock.now())
    if is_open:
        raise Snooze(_LOOK_AGAIN)
    if network is not None and asked.received is None and lookup is not None:
        await _read_posts(app, sources, network, contact.id, lookup)
    async with job.transaction() as tx:
        tx.result = await _store(tx, sources, args.contact_id, asked_for, now=app.clock.now())
    return "stored"


async def _ask_again(tx: Transaction, contact_id: UUID, handle: str, *, now: datetime) -> None:
    lookup = await tx.enqueue(LOOKUP_KIND, unique=Unique("x", scope="waiting"))
    await request_lookup(tx.connection, contact_id, handle, lookup.id, now=now)


async def _read_posts(app: Headrace, sources: Sources, network: Network, contact_id: UUID, lookup: Lookup) -> None:
    """Makes the call for an account's posts, where they can be read and nobody has kept them for this question yet."""
    account = lookup.account
    if account is None or account.is_protected:
        return
    price = network.posts_at_once * network.post_price
    async with sources.paid.turn("x", price=price):
        now = app.clock.now()
        async with app.transaction() as tx:
            asked = await EnrichmentStore(tx.connection, contact_id).open_answer("x")
            if asked is None or asked.received is not None or asked.standing.asked_for != lookup.handle:
                return
            admitted = await admit(tx, sources, "x", units=1, price=price, now=now)
        if isinstance(admitted, Limited):
            raise until(admitted.until, now)
        if isinstance(admitted, Refused):
            return
        answer = await answered(app, admitted, network.posts(account, now=now))
        async with app.transaction() as tx:
            await conclude(tx, sources, "x", admitted, answer, now=now)
            if not isinstance(answer.outcome, Limited):
                store = EnrichmentStore(tx.connection, contact_id)
                await store.keep_answer("x", lookup.handle, Received(answer.outcome, now))
    if isinstance(answer.outcome, Limited):
        raise until(answer.outcome.until, now)


async def _store(tx: Transaction, sources: Sources, contact_id: UUID, asked_for: str, *, now: datetime) -> str:
    question = await open_question(tx.connection, contact_id, "x")
    lookup = await lookup_of(tx.connection, contact_id)
    if question is None:
        return "answered already"
    contact, asked = question
    if asked.standing.asked_for != asked_for:
        await ask_anew(tx, "x", contact.id)
        return "asked anew"
    at = now if asked.received is None else asked.received.at
    if sources.network is None:
        outcome: Found | Nothing | Refused = TURNED_OFF
    elif lookup is None or lookup.outcome == "refused":
        outcome = Refused((lookup and lookup.detail) or "X refused")
    elif lookup.account is None:
        outcome = Nothing()
    else:
        said = None if asked.received is None else asked.received.answer
        read = said.posts if isinstance(said, Posts) else ()
        confidence = corroborated(
            await _handle_confidence(tx, contact, asked_for),
            contact_name=contact.name,
            account_name=lookup.account.name,
        )
        outcome = Found(sources.network.profile(lookup.account, read, confidence=confidence, now=at))
    await record(tx, contact, "x", outcome, asked_for=asked_for, policy=sources.policy, now=at)
    return type(outcome).__name__.lower()


async def _handle_confidence(tx: Transaction, contact: Contact, handle: str) -> float:
    known = [
        each.confidence
        for origin, each in await handles_of(tx.connection, contact.id)
        if each.network == "x" and each.handle == handle and origin != "x"
    ]
    return max(known, default=0.0)
