"""The work of `email-sync-initial`: begins a pass over a mailbox with the newest mail."""

from headrace import Job, bind
from headrace_crm.mail.owners import lock_owner
from headrace_crm.mail.sync import store as mailboxes
from headrace_crm.mail.sync.args import DEEP_KIND, SyncAccount
from headrace_crm.mail.sync.deep import listing_key
from headrace_crm.mail.sync.heeding import heeding
from headrace_crm.mail.sync.listing import begin_listing, finish_listing, stage_listed
from headrace_crm.mail.sync.means import Means
from headrace_crm.mail.sync.store import MirrorStore


async def sync_initial(means: Means, args: SyncAccount, job: Job) -> None:
    """Lists the newest mail and has it fetched; the listing of all mail follows when it is stored.

    How the mailbox is numbered is asked *before* anything is listed, so that what changes meanwhile is among the
    changes after. Of messages that are stored already only the labels are fetched: the same work brings a mailbox
    in line again whose changes the server has forgotten.
    """
    async with heeding(), means.provider.mailbox(args.account_id) as mailbox:
        profile = await mailbox.profile()
        labels = await mailbox.labels()
        page = await mailbox.list_messages(query=means.settings.initial_query, limit=means.settings.initial_messages)
    async with means.app.pool.acquire() as connection:
        owner_id = (await mailboxes.get_mailbox(connection, args.account_id)).owner_id
    async with means.turns.of(owner_id), job.transaction() as tx:
        await lock_owner(tx.connection, owner_id)
        now = means.app.clock.now()
        with bind(user_id=str(owner_id)):
            before = MirrorStore(tx.connection, await mailboxes.get_mailbox(tx.connection, args.account_id))
            if before.state.import_id is not None:
                await finish_listing(tx, before.state.import_id, now=now)
            store = await before.begin_pass(profile.history_id, now=now)
            await mailboxes.write_labels(tx.connection, store.state, labels)
            await begin_listing(tx, store.state, job.id, now=now)
            new = await store.see(page.ids)
            batches = await stage_listed(tx, means.settings, store.state, job.id, new, parent=job, priority="high")
            await finish_listing(tx, job.id, now=now)
            await tx.enqueue(
                DEEP_KIND,
                args,
                depends_on=batches,
                on_failed_dependency="run",
                unique=listing_key(args.account_id),
            )
        job.progress(len(page.ids), total=len(page.ids), message="listed")
        tx.result = {"listed": len(page.ids), "pass": store.state.pass_number}
