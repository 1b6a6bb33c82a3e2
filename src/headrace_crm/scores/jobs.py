"""The score jobs of the CRM, registered on an app."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final, TypeAlias
from uuid import UUID

from headrace import Headrace, Job, Limit, StoredEvent, Transaction
from headrace_crm.mail.events import EmailSynced, SyncCompleted
from headrace_crm.mail.jobs import MAX_ATTEMPTS, RETRY
from headrace_crm.mail.owners import owner_as_of, takes_latest
from headrace_crm.scores.score import score
from headrace_crm.scores.store import contacts_scored_otherwise, list_interactions, lock_basis, write_score
from headrace_crm.stats.projections import SCORE_KIND, CalculateScore, enqueue_scores

_TURNS: Final = Limit("scores", key="{user_id}")
"""Holds nobody back: owners take turns, so that a large mailbox does not delay the scores of a small one."""

Follow: TypeAlias = Callable[[Transaction, UUID, Iterable[UUID]], Awaitable[None]]
"""What follows from new scores, in their transaction: it is given the owner and the contacts."""


def register(app: Headrace, *, follow: Follow | None = None) -> None:
    """Registers `calculate-relationship-scores`, and its renewal when new mail moves what scores take for now."""

    @app.job(SCORE_KIND, queue="scores", max_attempts=MAX_ATTEMPTS, retry=RETRY, limit=_TURNS)
    async def calculate_relationship_scores(args: CalculateScore, job: Job) -> None:
        async with job.transaction() as tx:
            tx.result = await _calculate(app, tx, args, follow)

    # A few new messages of a mirrored mailbox are no sync to be completed.
    @app.on(SyncCompleted, EmailSynced, name="score-refresher", mode="ordered")
    async def refresh_scores(events: Sequence[StoredEvent], tx: Transaction) -> None:
        completed = {event.data.owner_id for event in events if isinstance(event.data, SyncCompleted)}
        changed = {event.data.owner_id for event in events if isinstance(event.data, EmailSynced)} - completed
        moved = {owner_id for owner_id in sorted(changed) if await takes_latest(tx.connection, owner_id)}
        for owner_id in sorted(completed | moved):
            as_of = await owner_as_of(tx.connection, owner_id, now=app.clock.now())
            contact_ids = await contacts_scored_otherwise(tx.connection, owner_id, as_of)
            await enqueue_scores(tx, {(owner_id, contact_id) for contact_id in contact_ids})

    _ = calculate_relationship_scores, refresh_scores


async def _calculate(
    app: Headrace, tx: Transaction, args: CalculateScore, follow: Follow | None
) -> dict[str, float] | None:
    basis = await lock_basis(tx.connection, args.contact_id)
    if basis is None:
        return None
    interactions = await list_interactions(tx.connection, args.contact_id)
    as_of = await owner_as_of(tx.connection, basis.owner_id, now=app.clock.now())
    found = score(interactions, now=as_of)
    await write_score(tx.connection, basis, found)
    if follow is not None:
        await follow(tx, basis.owner_id, (args.contact_id,))
    return {"strength": found.strength}
