"""The projection `contact-stats-calculator`, registered on an app."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec

from headrace import Headrace, Job, StoredEvent, Transaction, Unique, bind
from headrace_crm.contacts.events import (
    ContactRecountRequested,
    InteractionEmailReceived,
    InteractionEmailSent,
    InteractionRetracted,
    contact_stream,
)
from headrace_crm.mail.events import EmailThreadUpdated
from headrace_crm.stats.fold import fold
from headrace_crm.stats.recount import Recount
from headrace_crm.stats.store import apply_changes, contacts_of_threads, owner_of, replace_stats

SCORE_KIND: Final = "calculate-relationship-scores"
RECOUNT_KIND: Final = "contact-stats-calculation"
CALCULATOR: Final = "contact-stats-calculator"

_DEBOUNCE: Final = timedelta(seconds=1)
_MAX_WAIT: Final = timedelta(seconds=10)


class CalculateScore(msgspec.Struct, frozen=True):
    """Args of `calculate-relationship-scores`: whose score."""

    contact_id: UUID


class RecountContact(msgspec.Struct, frozen=True):
    """Args of `contact-stats-calculation`: whose stats to count from the log anew, and why."""

    contact_id: UUID
    reason: str = ""


def register(app: Headrace) -> None:
    """Registers the projection, which enqueues score jobs, and the job that repairs it."""

    @app.on(
        InteractionEmailSent,
        InteractionEmailReceived,
        InteractionRetracted,
        EmailThreadUpdated,
        ContactRecountRequested,
        name=CALCULATOR,
        mode="ordered",
        lanes=4,
        batch_size=500,
    )
    async def calculate_contact_stats(events: Sequence[StoredEvent], tx: Transaction) -> None:
        threads = {event.data.thread_id for event in events if isinstance(event.data, EmailThreadUpdated)}
        recounts = {event.data.contact_id for event in events if isinstance(event.data, ContactRecountRequested)}
        changes = fold(events, touched=await contacts_of_threads(tx.connection, sorted(threads)))
        touched = await apply_changes(tx.connection, [each for each in changes if each.contact_id not in recounts])
        for contact_id in sorted(recounts):
            recount = await _recount(app, contact_id, until=events[-1].position)
            touched += await replace_stats(tx.connection, contact_id, recount)
        await enqueue_scores(tx, touched)

    @app.job(RECOUNT_KIND, queue="scores")
    async def request_recount(args: RecountContact, job: Job) -> None:
        # The handler counts when it meets the event: at that place in the log what it has counted is known exactly.
        async with job.transaction() as tx:
            owner_id = await owner_of(tx.connection, args.contact_id)
            if owner_id is not None:
                with bind(user_id=str(owner_id)):
                    requested = ContactRecountRequested(args.contact_id, owner_id, args.reason)
                    await tx.append(requested, stream=contact_stream(args.contact_id))

    _ = calculate_contact_stats, request_recount


async def _recount(app: Headrace, contact_id: UUID, *, until: int) -> Recount:
    """A contact's interactions by its events up to a position, which its lane has all been handed."""
    recount = Recount()
    async for event in app.read(stream=contact_stream(contact_id), until=until):
        recount.add([event])
    return recount


async def enqueue_scores(tx: Transaction, contacts: Iterable[tuple[UUID, UUID]]) -> None:
    """Enqueues a score job for each (owner, contact), soon; those that wait already wait a little longer."""
    by_owner: dict[UUID, list[UUID]] = {}
    for owner_id, contact_id in sorted(contacts):
        by_owner.setdefault(owner_id, []).append(contact_id)
    for owner_id, contact_ids in by_owner.items():
        with bind(user_id=str(owner_id)):
            await tx.enqueue_many(
                SCORE_KIND,
                [CalculateScore(contact_id) for contact_id in contact_ids],
                uniques=[
                    Unique(str(contact_id), scope="waiting", on_conflict="debounce", max_wait=_MAX_WAIT)
                    for contact_id in contact_ids
                ],
                delay=_DEBOUNCE,
            )
