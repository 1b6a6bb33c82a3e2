"""Answers that a provider sends by itself, later than it was asked."""

from datetime import datetime

from headrace import Transaction, Unique
from headrace_crm.enrichment.asking import open_question
from headrace_crm.enrichment.freshness import RefreshPolicy
from headrace_crm.enrichment.kinds import ENRICHMENT_KIND, EnrichContact
from headrace_crm.enrichment.outcome import Found, Nothing
from headrace_crm.enrichment.profile import Asked
from headrace_crm.enrichment.recording import record
from headrace_crm.enrichment.store import contact_of_token


async def receive_answer(
    tx: Transaction,
    source: Asked,
    token: str,
    outcome: Found | Nothing,
    *,
    policy: RefreshPolicy,
    follows_x: bool,
    now: datetime,
) -> bool:
    """Stores an answer to the open question that has this token; False where none has.

    A token is good for one answer: the same one again, by mistake or by somebody who recorded it, changes nothing.
    `follows_x` has a handle of X that it tells of asked about.
    """
    contact_id = await contact_of_token(tx.connection, token)
    question = None if contact_id is None else await open_question(tx.connection, contact_id, source)
    # Asked again meanwhile, the question has another token: it was read before the contact was locked.
    if question is None or question[1].token != token:
        return False
    contact, asked = question
    await record(tx, contact, source, outcome, asked_for=asked.standing.asked_for, policy=policy, now=now)
    if follows_x and isinstance(outcome, Found) and any(each.network == "x" for each in outcome.profile.handles):
        args = EnrichContact(contact.id, sources=("x",))
        await tx.enqueue(ENRICHMENT_KIND, args, unique=Unique(args.key, scope="waiting"))
    return True
