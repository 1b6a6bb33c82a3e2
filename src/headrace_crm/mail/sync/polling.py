"""The work of `poll-mailboxes`: has accounts looked at that nothing was heard of for too long."""

from typing import Final

from headrace import Headrace, Unique
from headrace_crm.config import GmailSettings
from headrace_crm.mail.sync import store as mailboxes
from headrace_crm.mail.sync.args import INCREMENTAL_KIND, INITIAL_KIND, SyncAccount
from headrace_crm.mail.sync.incremental import CHANGES_KEY

_PAGE: Final = 500


async def poll_mailboxes(app: Headrace, settings: GmailSettings) -> int:
    """Enqueues a look for every account that is due one; how many. Pushes may be late or lost, this is not."""
    after, count = None, 0
    now = app.clock.now()
    while True:
        async with app.transaction() as tx:
            page = await mailboxes.due_mailboxes(
                tx.connection,
                after=after,
                now=now,
                looked_before=now - settings.poll_after,
                watched_looked_before=now - settings.poll_watched_after,
                limit=_PAGE,
            )
            begun = [account_id for account_id, is_begun in page if is_begun]
            others = [account_id for account_id, is_begun in page if not is_begun]
            await tx.enqueue_many(
                INCREMENTAL_KIND,
                [SyncAccount(each) for each in begun],
                uniques=[CHANGES_KEY] * len(begun),
                priority="normal",
            )
            await tx.enqueue_many(
                INITIAL_KIND, [SyncAccount(each) for each in others], uniques=[Unique(str(each)) for each in others]
            )
        count += len(page)
        if len(page) < _PAGE:
            return count
        after = page[-1][0]
