"""The work of `renew-gmail-watch`: has the server push what changes, for another week."""

from datetime import timedelta
from typing import Final

from headrace import Headrace, Job
from headrace_crm.mail.owners import lock_owner
from headrace_crm.mail.provider import Provider
from headrace_crm.mail.sync import store as mailboxes
from headrace_crm.mail.sync.args import WATCH_KIND, RenewWatch
from headrace_crm.mail.sync.heeding import heeding

RENEW_BEFORE: Final = timedelta(days=5)
"""A watch that ends sooner is renewed: with a look a day there are four chances before its seven days are over."""
REMEMBER_GONE: Final = timedelta(days=7)
_PAGE: Final = 500


async def renew_watch(provider: Provider, args: RenewWatch, job: Job, *, topic: str) -> None:
    """Renews a watch, and what labels are called; without a topic nothing can be watched, and mail is polled for."""
    if not topic:
        return
    async with heeding(), provider.mailbox(args.account_id) as mailbox:
        watch = await mailbox.watch(topic)
        # No change tells of a label that is called otherwise now.
        labels = await mailbox.labels()
    async with job.transaction() as tx:
        state = await mailboxes.get_mailbox(tx.connection, args.account_id)
        await lock_owner(tx.connection, state.owner_id)
        await mailboxes.write_labels(tx.connection, state, labels)
        await mailboxes.set_watch(tx.connection, args.account_id, watch.expires_at)
        tx.result = {"until": watch.expires_at.isoformat()}


async def renew_watches(app: Headrace, job: Job, *, topic: str) -> int:
    """Enqueues the renewal of every watch that ends soon, or is not there; how many. Forgets what went long ago."""
    after, count = None, 0
    now = app.clock.now()
    while topic:
        async with app.transaction() as tx:
            page = await mailboxes.unwatched_mailboxes(
                tx.connection, after=after, before=now + RENEW_BEFORE, limit=_PAGE
            )
            await tx.enqueue_many(WATCH_KIND, [RenewWatch(account_id) for account_id in page], parent=job)
        count += len(page)
        if len(page) < _PAGE:
            break
        after = page[-1]
    async with app.transaction() as tx:
        await mailboxes.forget_gone(tx.connection, before=now - REMEMBER_GONE)
    return count
