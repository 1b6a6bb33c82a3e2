"""The projection `contact-stats-calculator`, registered on an app."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec

from headrace import Headrace, StoredEvent, Transaction, Unique, bind
from headrace_crm.contacts.events import InteractionEmailReceived, InteractionEmailSent, InteractionRetracted
from headrace_crm.mail.events import EmailThreadUpdated
from headrace_crm.stats.fold import fold
from headrace_crm.stats.store import apply_changes, contacts_of_threads

SCORE_KIND: Final = "calculate-relationship-scores"
CALCULATOR: Final = "contact-stats-calculator"

_DEBOUNCE: Final = timedelta(seconds=1)
_MAX_WAIT: Final = timedelta(seconds=10)


class CalculateScore(msgspec.Struct, frozen=True):
    """Args of `calculate-relationship-scores`: whose score."""

    contact_id: UUID


def register(app: Headrace) -> None:
    """Registers the projection; it enqueues score jobs, whose kind the scores register."""

    @app.on(
        InteractionEmailSent,
        InteractionEmailReceived,
        InteractionRetracted,
        EmailThreadUpdated,
        name=CALCULATOR,
        mode="ordered",
        lanes=4,
        batch_size=500,
    )
    async def calculate_contact_stats(events: Sequence[StoredEvent], tx: Transaction) -> None:
        threads = {event.data.thread_id for event in events if isinstance(event.data, EmailThreadUpdated)}
        changes = fold(events, touched=await contacts_of_threads(tx.connection, sorted(threads)))
        await enqueue_scores(tx, await apply_changes(tx.connection, changes))

    _ = calculate_contact_stats


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
