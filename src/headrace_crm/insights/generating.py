"""Looks at people by all rules, page by page, each page in a transaction of its own."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from headrace import Headrace, Transaction, bind
from headrace_crm.contacts.events import contact_stream
from headrace_crm.insights.judging.asking import ask_about
from headrace_crm.insights.judging.combining import combine
from headrace_crm.insights.judging.findings import judged, names_proposed
from headrace_crm.insights.judging.model import Judgement
from headrace_crm.insights.judging.prompt import is_to_be_judged
from headrace_crm.insights.judging.store import judgements_of
from headrace_crm.insights.model import BY_RULES, Finding, Picture
from headrace_crm.insights.pictures import acquaint, load, paint
from headrace_crm.insights.rules import find
from headrace_crm.insights.settle import Known, settle
from headrace_crm.insights.store import expire, known_insights, mark_page_due, take_page, write
from headrace_crm.mail.owners import owner_as_of
from headrace_crm.search.events import SuggestionGenerated

CONTACTS_A_PAGE: Final = 50
_MARKED_AT_ONCE: Final = 1_000


async def mark_everybody(app: Headrace, owner_id: UUID) -> None:
    """Has rules look at every contact of an owner again, for what comes of time alone."""
    after: UUID | None = UUID(int=0)
    while after is not None:
        async with app.transaction() as tx:
            after = await mark_page_due(tx.connection, owner_id, after=after, limit=_MARKED_AT_ONCE)


async def look_at_all(app: Headrace, owner_id: UUID, *, is_judged: bool = False) -> dict[str, int]:
    """Looks at every contact of an owner that waits for it; how many were looked at, told, and over.

    Whoever is killed in between has lost nothing: a page that was not committed waits on. `is_judged` where a language
    model judges letters too.
    """
    counts = {"contacts": 0, "told": 0, "over": 0}
    while True:
        async with app.transaction() as tx:
            waiting, looked, told, over = await look_at_page(tx, owner_id, now=app.clock.now(), is_judged=is_judged)
        counts["contacts"] += looked
        counts["told"] += told
        counts["over"] += over
        if waiting < CONTACTS_A_PAGE:
            return counts


async def look_at_some(tx: Transaction, owner_id: UUID, *, now: datetime, is_judged: bool = False) -> dict[str, int]:
    """Looks at one page of the contacts that wait, in a transaction of the caller's; counts as of `look_at_all`."""
    _, looked, told, over = await look_at_page(tx, owner_id, now=now, is_judged=is_judged)
    return {"contacts": looked, "told": told, "over": over}


async def look_at_page(
    tx: Transaction, owner_id: UUID, *, now: datetime, is_judged: bool = False
) -> tuple[int, int, int, int]:
    """Looks at the next contacts that wait; how many waited, were looked at, and what was told and is over.

    What is told is an event in the same transaction. So is, where `is_judged`, the job that shows a language model what
    it has not been shown; what it said before stands beside what rules find.
    """
    connection = tx.connection
    waiting, contacts = await take_page(connection, owner_id, limit=CONTACTS_A_PAGE)
    if not contacts:
        return waiting, 0, 0, 0
    as_of = await owner_as_of(connection, owner_id, now=now)
    pictures = await asyncio.to_thread(paint, await load(connection, owner_id, contacts, now=as_of))
    contact_ids = [contact.id for contact in contacts]
    judgements = await judgements_of(connection, contact_ids) if is_judged else {}
    proposed = {
        each.contact.id: names_proposed(each, judgements[each.contact.id])
        for each in pictures
        if each.contact.id in judgements
    }
    pictures = await acquaint(connection, owner_id, pictures, also=proposed)
    known = await known_insights(connection, contact_ids)
    written: list[tuple[UUID, Finding]] = []
    told: dict[str, tuple[UUID, Finding]] = {}
    over: list[str] = []
    for picture in pictures:
        contact_id = picture.contact.id
        found = _find(picture, judgements.get(contact_id), known[contact_id], as_of)
        settled = settle(known[contact_id], found)
        written += [(contact_id, each) for each in (*settled.told, *settled.kept)]
        told |= {each.key: (contact_id, each) for each in settled.told}
        over += settled.over
    ids = await write(connection, owner_id, written, told=told, as_of=as_of, now=now)
    await expire(connection, owner_id, over, now=now)
    with bind(user_id=str(owner_id)):
        for key in sorted(told):
            contact_id, finding = told[key]
            await tx.append(_event(ids[key], owner_id, contact_id, finding), stream=contact_stream(contact_id))
        if is_judged:
            await ask_about(
                tx,
                owner_id,
                [each.contact.id for each in pictures if is_to_be_judged(each, judgements.get(each.contact.id))],
            )
    return waiting, len(contacts), len(told), len(over)


def _find(
    picture: Picture, judgement: Judgement | None, known: Mapping[str, Known], now: datetime
) -> tuple[Finding, ...]:
    found = find(picture, now=now)
    if judgement is None:
        return found
    return combine(
        found,
        judged(picture, judgement, now=now),
        known=known,
        threads={each.message_id: each.thread_id for each in picture.letters},
        last=next((each.message_id for each in reversed(picture.letters) if each.is_for_people), None),
    )


def _event(insight_id: UUID, owner_id: UUID, contact_id: UUID, finding: Finding) -> SuggestionGenerated:
    evidence = (
        *(f"message {message_id}" for message_id in finding.message_ids),
        *(f"{name} {value:g}" for name, value in sorted(finding.numbers.items())),
        *(() if finding.found_by == BY_RULES else (f"model {finding.found_by}",)),
    )
    return SuggestionGenerated(insight_id, owner_id, contact_id, finding.kind, round(finding.score, 4), evidence)
