"""The work of `email-sync-deep`: lists all mail page by page, the newest first, and has it fetched after all else."""

from typing import Final, Literal
from uuid import UUID

from headrace import Job, Transaction, Unique, bind
from headrace_crm.mail.owners import lock_owner
from headrace_crm.mail.provider import MessagePage, PageExpiredError
from headrace_crm.mail.sync import store as mailboxes
from headrace_crm.mail.sync.args import DEEP_KIND, SyncAccount
from headrace_crm.mail.sync.heeding import heeding
from headrace_crm.mail.sync.listing import begin_listing, finish_listing, stage_listed
from headrace_crm.mail.sync.means import Means
from headrace_crm.mail.sync.store import MailboxState, MirrorStore

PAGE: Final = 500
Ending = Literal["next", "done", "overtaken"]


def listing_key(account_id: UUID) -> Unique:
    """At most one job waits to go on with the listing of an account."""
    return Unique(str(account_id), scope="waiting")


async def sync_deep(means: Means, args: SyncAccount, job: Job) -> None:
    """Stages the next page of the listing and enqueues the job for the one after, in one transaction.

    That one waits until half of the page is stored: the listing keeps just ahead of the fetching. A page token
    that is refused begins the listing anew, which passes over what it has seen. A listing that is paused is left
    where it is.
    """
    async with means.app.pool.acquire() as connection:
        begun = await mailboxes.get_mailbox(connection, args.account_id)
    if begun.listing != "under way":
        return
    async with heeding(), means.provider.mailbox(args.account_id) as mailbox:
        try:
            page = await mailbox.list_messages(page_token=begun.page_token, limit=PAGE)
        except PageExpiredError:
            page = MessagePage((), "")
    async with means.turns.of(begun.owner_id), job.transaction() as tx:
        await lock_owner(tx.connection, begun.owner_id)
        state = await mailboxes.get_mailbox(tx.connection, args.account_id)
        with bind(user_id=str(begun.owner_id)):
            is_same = (state.pass_number, state.page_token) == (begun.pass_number, begun.page_token)
            tx.result = {
                "ending": await _stage_page(means, tx, state, page, job) if is_same else "overtaken",
                "listed": len(page.ids),
            }


async def _stage_page(means: Means, tx: Transaction, state: MailboxState, page: MessagePage, job: Job) -> Ending:
    now = means.app.clock.now()
    import_id = state.import_id or job.id
    if state.import_id is None:
        await begin_listing(tx, state, import_id, now=now)
    store = MirrorStore(tx.connection, state)
    is_done = page.next_page is None
    staged = await store.see(page.ids)
    if is_done:
        # What a whole pass did not list may be gone, or in the trash: the server is asked for each.
        staged += await store.unseen()
    batches = await stage_listed(tx, means.settings, state, import_id, staged, parent=job, priority="low")
    await store.advance_listing(page.next_page or None, import_id=import_id, is_done=is_done)
    if is_done:
        await finish_listing(tx, import_id, now=now)
        return "done"
    await tx.enqueue(
        DEEP_KIND,
        SyncAccount(state.account_id),
        depends_on=batches[: (len(batches) + 1) // 2],
        on_failed_dependency="run",
        unique=listing_key(state.account_id),
    )
    return "next"
