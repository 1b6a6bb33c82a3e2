"""The job `calculate-email-analytics`, registered on an app: a minute after new mail, once however much comes."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec

from headrace import Headrace, Job, StoredEvent, Transaction, Unique, bind
from headrace_crm.analytics.figures import figures
from headrace_crm.analytics.store import list_letters, write_figures
from headrace_crm.mail.events import EmailSynced
from headrace_crm.mail.owners import owner_as_of

ANALYTICS_KIND: Final = "calculate-email-analytics"
SCHEDULER: Final = "email-analytics"

_DELAY: Final = timedelta(minutes=1)
_MAX_WAIT: Final = timedelta(minutes=10)


class CalculateAnalytics(msgspec.Struct, frozen=True):
    """Args of `calculate-email-analytics`: whose mail."""

    owner_id: UUID


def register(app: Headrace) -> None:
    """Registers the job, and the handler of `email.synced` that enqueues it."""

    @app.job(ANALYTICS_KIND, queue="analytics")
    async def calculate_email_analytics(args: CalculateAnalytics, job: Job) -> None:
        async with job.transaction() as tx:
            as_of = await owner_as_of(tx.connection, args.owner_id, now=app.clock.now())
            found = figures(await list_letters(tx.connection, args.owner_id, now=as_of), now=as_of)
            await write_figures(tx.connection, args.owner_id, found, as_of=as_of)
            tx.result = {"owed": found.owed_count, "awaited": found.awaited_count}

    @app.on(EmailSynced, name=SCHEDULER, mode="ordered")
    async def enqueue_analytics(events: Sequence[StoredEvent], tx: Transaction) -> None:
        owners = {event.data.owner_id for event in events if isinstance(event.data, EmailSynced)}
        for owner_id in sorted(owners):
            await enqueue(tx, owner_id)

    _ = calculate_email_analytics, enqueue_analytics


async def enqueue(tx: Transaction, owner_id: UUID) -> None:
    """Has an owner's figures calculated in a minute; who asks again meanwhile puts that off, ten minutes at most."""
    with bind(user_id=str(owner_id)):
        await tx.enqueue(
            ANALYTICS_KIND,
            CalculateAnalytics(owner_id),
            unique=Unique(str(owner_id), scope="waiting", on_conflict="debounce", max_wait=_MAX_WAIT),
            delay=_DELAY,
        )
