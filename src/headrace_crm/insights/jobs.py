"""The jobs of insights, registered on an app: of rules after new scores and every day, and of a language model."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec

from headrace import (
    Headrace,
    Job,
    Limit,
    Rate,
    RetryPolicy,
    Snooze,
    StoredEvent,
    Transaction,
    Unique,
    bind,
    statement,
)
from headrace_crm.contacts.events import ContactUpdated
from headrace_crm.insights.digests import keep_digest
from headrace_crm.insights.generating import CONTACTS_A_PAGE, look_at_all, look_at_some, mark_everybody
from headrace_crm.insights.judging.asking import JUDGE_KIND, JudgeContact
from headrace_crm.insights.judging.judge import judge
from headrace_crm.insights.judging.store import hold_contact, write_judgement
from headrace_crm.insights.store import NIL, mark_due, what_waits
from headrace_crm.mail.jobs import MAX_ATTEMPTS, RETRY
from headrace_crm.search.llm import Llm

INSIGHTS_KIND: Final = "generate-contact-insights"
DAILY_KIND: Final = "generate-all-insights"
QUEUE: Final = "insights"
DAILY_AT: Final = "0 5 * * *"

_PACKAGE: Final = "headrace_crm.insights"
_DELAY: Final = timedelta(seconds=2)
_MAX_WAIT: Final = timedelta(seconds=30)
_LOOK_AGAIN: Final = timedelta(seconds=2)
_LONGEST_READING: Final = timedelta(minutes=15)
"""A whole mailbox may be listed for days; nobody waits so long for what its newest mail says."""
_OWNERS_AT_ONCE: Final = 500
_TURNS: Final = Limit("insights", key="{owner_id}", concurrency=1)
"""One job of an owner at a time, two would wait for each other's pages; and owners take turns."""


_LLM_RETRY: Final = RetryPolicy(unit=timedelta(seconds=30), cap=timedelta(hours=1))
_LLM_ATTEMPTS: Final = 12
"""Some hours: a model that is away so long is asked again when rules look again, a day later at most."""
_LLM_AT_A_TIME: Final = 2


class GenerateInsights(msgspec.Struct, frozen=True):
    """Args of `generate-contact-insights`: whose people; `everybody` of them with a digest, or those that wait only."""

    owner_id: UUID
    everybody: bool = False


def pace(per_day: int) -> Rate:
    """A rate that lets at most so many through in any 24 hours, two at least: a fifth of them at once.

    >>> pace(200)
    Rate(count=160, per=datetime.timedelta(days=1), burst=40)
    """
    burst = max(1, per_day // 5)
    return Rate(per_day - burst, per=timedelta(days=1), burst=burst)


def register(app: Headrace, *, llm: Llm | None = None, llm_per_day: int = 0) -> None:
    """Registers the job, its daily schedule (a job for each owner), and who looks again at what else became known.

    `llm` judges letters besides, at most `llm_per_day` times in 24 hours; with none, or 0, nobody outside is asked.
    """
    model = llm if llm_per_day else None

    @app.job(INSIGHTS_KIND, queue=QUEUE, priority="low", max_attempts=MAX_ATTEMPTS, retry=RETRY, limit=_TURNS)
    async def generate_contact_insights(args: GenerateInsights, job: Job) -> None:
        await _generate(app, args, job, is_judged=model is not None)

    @app.job(DAILY_KIND, queue=QUEUE, max_attempts=MAX_ATTEMPTS, retry=RETRY)
    async def generate_all_insights(job: Job) -> None:
        async with job.transaction() as tx:
            tx.result = await _enqueue_for_all(tx)

    @app.on(ContactUpdated, name="insight-refresher", mode="ordered")
    async def refresh_insights(events: Sequence[StoredEvent], tx: Transaction) -> None:
        by_owner: dict[UUID, set[UUID]] = {}
        for event in events:
            if isinstance(event.data, ContactUpdated) and event.data.changed:
                by_owner.setdefault(event.data.owner_id, set()).add(event.data.contact_id)
        for owner_id in sorted(by_owner):
            about = await tx.fetch(statement(_PACKAGE, "told_beside"), sorted(by_owner[owner_id]))
            await look_again(tx, owner_id, by_owner[owner_id].union(row["contact_id"] for row in about))

    _register_judging(app, model, per_day=llm_per_day)
    app.schedule("daily-insights", DAILY_KIND, cron=DAILY_AT)
    _ = generate_contact_insights, generate_all_insights, refresh_insights


def _register_judging(app: Headrace, llm: Llm | None, *, per_day: int) -> None:
    # There without a model too: jobs that were enqueued while there was one end, and do not wait for another.
    limit = None if llm is None else Limit("llm-insights", concurrency=_LLM_AT_A_TIME, rate=pace(per_day))

    @app.job(JUDGE_KIND, queue=QUEUE, priority="low", max_attempts=_LLM_ATTEMPTS, retry=_LLM_RETRY, limit=limit)
    async def judge_contact_letters(args: JudgeContact, job: Job) -> None:
        if llm is None:
            return
        judgement, told = await judge(app, llm, args, job)
        async with job.transaction() as tx:
            tx.result = told
            if judgement is None or await hold_contact(tx.connection, args.owner_id, args.contact_id) is None:
                return
            await write_judgement(tx.connection, args.owner_id, judgement, now=app.clock.now())
            await look_again(tx, args.owner_id, (args.contact_id,))

    _ = judge_contact_letters


async def _generate(app: Headrace, args: GenerateInsights, job: Job, *, is_judged: bool) -> None:
    now = app.clock.now()
    async with app.pool.acquire() as connection:
        is_reading, due_count = await what_waits(
            connection, args.owner_id, since=now - _LONGEST_READING, at_most=CONTACTS_A_PAGE
        )
    if is_reading:
        # Half of a mailbox owes answers that its other half has.
        raise Snooze(_LOOK_AGAIN)
    if due_count < CONTACTS_A_PAGE and not args.everybody:
        # After one message these are a few: they are looked at in the commit that ends the job. Whoever has more
        # looked at meanwhile asks for another job, since this one does not wait any more.
        async with job.transaction() as tx:
            tx.result = await look_at_some(tx, args.owner_id, now=now, is_judged=is_judged)
        return
    if args.everybody:
        await mark_everybody(app, args.owner_id)
    counts = await look_at_all(app, args.owner_id, is_judged=is_judged)
    async with job.transaction() as tx:
        if args.everybody:
            await keep_digest(tx.connection, args.owner_id, now=now)
        tx.result = counts


async def look_again(tx: Transaction, owner_id: UUID, contact_ids: Iterable[UUID]) -> None:
    """Has rules look at people again, soon: in two seconds, put off while more comes, by half a minute at most."""
    await mark_due(tx.connection, owner_id, contact_ids)
    with bind(user_id=str(owner_id)):
        await tx.enqueue(
            INSIGHTS_KIND,
            GenerateInsights(owner_id),
            unique=Unique(str(owner_id), scope="waiting", on_conflict="debounce", max_wait=_MAX_WAIT),
            delay=_DELAY,
        )


async def _enqueue_for_all(tx: Transaction) -> int:
    count, after = 0, NIL
    while True:
        rows = await tx.fetch(statement(_PACKAGE, "owners_page"), after, _OWNERS_AT_ONCE)
        if not rows:
            return count
        after = rows[-1]["id"]
        count += len(rows)
        for row in rows:
            with bind(user_id=str(row["id"])):
                await tx.enqueue(
                    INSIGHTS_KIND,
                    GenerateInsights(row["id"], everybody=True),
                    unique=Unique(f"daily {row['id']}", scope="alive"),
                )
