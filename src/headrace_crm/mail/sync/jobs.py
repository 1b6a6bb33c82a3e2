"""The jobs that mirror mailboxes, registered on an app, and the limits that keep them within Gmail's quota."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from headrace import Headrace, Job, Limit, Rate, RetryPolicy, StoredEvent, Transaction, Unique, bind
from headrace_crm.accounts.events import AccountLinked, AccountUnlinked
from headrace_crm.config import GmailSettings
from headrace_crm.mail.owners import lock_owner
from headrace_crm.mail.sync import store as mailboxes
from headrace_crm.mail.sync.args import (
    DEEP_KIND,
    FETCH_LIMIT,
    INCREMENTAL_KIND,
    INITIAL_KIND,
    POLL_KIND,
    SYNC_LIMIT,
    WATCH_KIND,
    WATCHES_KIND,
    RenewWatch,
    SyncAccount,
)
from headrace_crm.mail.sync.deep import sync_deep
from headrace_crm.mail.sync.incremental import sync_incremental
from headrace_crm.mail.sync.initial import sync_initial
from headrace_crm.mail.sync.listing import abandon_listings
from headrace_crm.mail.sync.means import Means
from headrace_crm.mail.sync.polling import poll_mailboxes
from headrace_crm.mail.sync.watching import renew_watch, renew_watches

QUEUE: Final = "sync"
RETRY: Final = RetryPolicy(cap=timedelta(minutes=10))
MAX_ATTEMPTS: Final = 20
"""Some two hours of a server that does not answer; what is new is asked for again by the schedule anyway."""
_MINUTE: Final = timedelta(minutes=1)


def sync_limit(settings: GmailSettings) -> Limit:
    """One sync of an account at a time, and of its quota the share kept for changes."""
    return _limit(SYNC_LIMIT, settings.new_mail_units, settings.change_units)


def fetch_limit(settings: GmailSettings) -> Limit:
    """One batch of an account at a time, and of its quota the rest."""
    return _limit(FETCH_LIMIT, settings.old_mail_units, settings.batch_units)


def _limit(name: str, share: int, heaviest: int) -> Limit:
    # In any minute: a full bucket, what comes in, and one job that was claimed before and asks only now.
    rate = Rate(share - 2 * heaviest, per=_MINUTE, burst=heaviest)
    return Limit(name, key="{account_id}", concurrency=1, rate=rate, weight=heaviest)


def register(means: Means, *, topic: str) -> None:
    """Registers the three kinds of sync, the renewal of watches and the polling, and what begins and ends them."""
    units, limit = means.settings.units, sync_limit(means.settings)
    app, provider, settings = means.app, means.provider, means.settings

    @app.job(
        INITIAL_KIND,
        queue=QUEUE,
        priority="high",
        max_attempts=MAX_ATTEMPTS,
        retry=RETRY,
        limit=replace(limit, weight=settings.begin_units),
    )
    async def email_sync_initial(args: SyncAccount, job: Job) -> None:
        await sync_initial(means, args, job)

    @app.job(
        INCREMENTAL_KIND,
        queue=QUEUE,
        priority="high",
        max_attempts=MAX_ATTEMPTS,
        retry=RETRY,
        limit=replace(limit, weight=settings.look_units),
    )
    async def email_sync_incremental(args: SyncAccount, job: Job) -> None:
        await sync_incremental(means, args, job)

    @app.job(
        DEEP_KIND,
        queue=QUEUE,
        priority="low",
        max_attempts=MAX_ATTEMPTS,
        retry=RETRY,
        limit=replace(limit, weight=units["list"]),
    )
    async def email_sync_deep(args: SyncAccount, job: Job) -> None:
        await sync_deep(means, args, job)

    @app.job(
        WATCH_KIND,
        queue=QUEUE,
        max_attempts=MAX_ATTEMPTS,
        retry=RETRY,
        limit=replace(limit, weight=settings.watch_units),
    )
    async def renew_gmail_watch(args: RenewWatch, job: Job) -> None:
        await renew_watch(provider, args, job, topic=topic)

    @app.job(WATCHES_KIND, queue=QUEUE)
    async def renew_all(job: Job) -> int:
        return await renew_watches(app, job, topic=topic)

    @app.job(POLL_KIND, queue=QUEUE, max_attempts=1)
    async def poll() -> int:
        return await poll_mailboxes(app, settings)

    app.schedule(WATCH_KIND, WATCHES_KIND, every=timedelta(days=1))
    app.schedule(POLL_KIND, POLL_KIND, every=max(settings.poll_after, timedelta(seconds=1)))

    @app.on(AccountLinked, AccountUnlinked, name="mailbox-keeper", mode="ordered")
    async def keep_mailboxes(events: Sequence[StoredEvent], tx: Transaction) -> None:
        for event in events:
            await _keep(app, tx, event.data)

    _ = email_sync_initial, email_sync_incremental, email_sync_deep, renew_gmail_watch, renew_all, poll, keep_mailboxes


async def _keep(app: Headrace, tx: Transaction, data: object) -> None:
    """Begins to mirror what was linked, and forgets what a mailbox that was unlinked held; its mail stays."""
    if not isinstance(data, AccountLinked | AccountUnlinked):
        return
    await lock_owner(tx.connection, data.owner_id)
    await abandon_listings(tx, data.account_id, "the account was unlinked, or linked anew", now=app.clock.now())
    if isinstance(data, AccountUnlinked):
        await mailboxes.forget_mailbox(tx.connection, data.account_id)
        return
    with bind(user_id=str(data.owner_id)):
        await tx.enqueue(INITIAL_KIND, SyncAccount(data.account_id), unique=Unique(str(data.account_id)))
        await tx.enqueue(WATCH_KIND, RenewWatch(data.account_id))
