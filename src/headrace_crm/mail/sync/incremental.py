"""The work of `email-sync-incremental`: follows what has changed in a mailbox since it was last looked at."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from headrace import Job, Transaction, Unique, bind
from headrace_crm.config import GmailSettings
from headrace_crm.mail.events import EmailSynced
from headrace_crm.mail.following import follow_mail
from headrace_crm.mail.owners import Owner, lock_owner
from headrace_crm.mail.provider import Answer, Gone, HistoryExpiredError, HistoryPage, Unanswered
from headrace_crm.mail.removing import remove_messages
from headrace_crm.mail.sync import store as mailboxes
from headrace_crm.mail.sync.args import INCREMENTAL_KIND, INITIAL_KIND, SyncAccount
from headrace_crm.mail.sync.changes import Known, Plan, plan
from headrace_crm.mail.sync.fetching import read_answers
from headrace_crm.mail.sync.heeding import heeding
from headrace_crm.mail.sync.labels import is_wanted
from headrace_crm.mail.sync.listing import begin_listing, finish_listing, stage_listed
from headrace_crm.mail.sync.means import Means
from headrace_crm.mail.sync.mirroring import Look, Mirrored, mirror
from headrace_crm.mail.sync.store import MirrorStore

CHANGES_KEY: Final = Unique(scope="waiting")
"""At most one job waits to look for an account's changes: what happens while one runs is for the next."""


def _again_key(account_id: UUID) -> Unique:
    """Beside that, at most one waits to look again a little later; it keeps no push from being followed at once."""
    return Unique(f"{account_id}/again", scope="waiting")


async def sync_incremental(means: Means, args: SyncAccount, job: Job) -> None:
    """Follows one page of changes; how far the mailbox is known moves on in the transaction that stores them.

    A few new messages are fetched at once, more become batches staged in that transaction. Changes that the server
    has forgotten, and a mailbox never looked at, lead to `email-sync-initial`. Where pushes come, something new is
    followed by another look: Gmail drops what it would have to tell within a second of its last push.
    """
    async with means.app.pool.acquire() as connection:
        begun = await mailboxes.get_mailbox(connection, args.account_id)
    if begun.history_id is None:
        await _begin_anew(job, args)
        return
    answers: Sequence[Answer] = ()
    try:
        async with heeding(), means.provider.mailbox(args.account_id) as mailbox:
            page = await mailbox.history(begun.history_id)
            wanted, is_label_new = await _to_ask(means, begun, page)
            if 0 < len(wanted) <= means.settings.inline_messages:
                answers = await mailbox.get_batch(dict.fromkeys(wanted, "whole"))
            labels = await mailbox.labels() if is_label_new else None
    except HistoryExpiredError:
        await _begin_anew(job, args)
        return
    now = means.app.clock.now()
    found = await asyncio.to_thread(
        read_answers, [each for each in answers if not isinstance(each, Unanswered)], now=now
    )
    async with means.turns.of(begun.owner_id), job.transaction() as tx:
        owner = await lock_owner(tx.connection, begun.owner_id)
        state = await mailboxes.get_mailbox(tx.connection, args.account_id)
        with bind(user_id=str(owner.id)):
            if state.history_id != begun.history_id:
                tx.result = {"overtaken": True}
                return
            store = MirrorStore(tx.connection, state)
            if labels is not None:
                await mailboxes.write_labels(tx.connection, state, labels)
            done = await _follow(tx, owner, store, page, found, settings=means.settings, job=job, now=now)
            await store.advance_history(page.history_id, now=now)
            if done.is_changed:
                await tx.append(EmailSynced(owner.id, args.account_id, done.stored.new, done.removed, done.relabelled))
                # What failed before may have been people: mail is stored without them then.
                await follow_mail(tx, owner, means.find_people if job.attempt == 1 else None)
            if not page.is_last:
                await tx.enqueue(INCREMENTAL_KIND, args, unique=CHANGES_KEY)
            elif page.records and state.watch_expires_at is not None and state.watch_expires_at > now:
                again = means.settings.look_again_after
                await tx.enqueue(INCREMENTAL_KIND, args, unique=_again_key(args.account_id), delay=again)
        tx.result = {"new": done.stored.new, "removed": done.removed, "relabelled": done.relabelled}


async def _begin_anew(job: Job, args: SyncAccount) -> None:
    async with job.transaction() as tx:
        await tx.enqueue(INITIAL_KIND, args, unique=Unique(str(args.account_id)))
        tx.result = {"begun anew": True}


async def _to_ask(means: Means, state: mailboxes.MailboxState, page: HistoryPage) -> tuple[list[str], bool]:
    """Which messages to fetch, and whether a label was met whose name is not known."""
    labels = {label for record in page.records for label in record.labels}
    async with means.app.pool.acquire() as connection:
        known = await MirrorStore(connection, state).known({record.message_id for record in page.records})
        unknown = await mailboxes.unknown_labels(connection, state, labels)
    return list(plan(page.records, known).fetched), bool(unknown)


async def _follow(
    tx: Transaction,
    owner: Owner,
    store: MirrorStore,
    page: HistoryPage,
    found: Sequence[Look | Gone],
    *,
    settings: GmailSettings,
    job: Job,
    now: datetime,
) -> Mirrored:
    """Does what follows from the changes, as things are known under the owner's lock."""
    known = await store.known({record.message_id for record in page.records})
    todo = plan(page.records, known)
    await store.write(_known_after(todo, known), now=now)
    await store.relabel(
        [
            (key, labels)
            for message_id, (_, labels) in todo.relabelled.items()
            if (key := known[message_id].message_key) is not None and is_wanted(labels)
        ]
    )
    here = [each for each in found if (each.id if isinstance(each, Gone) else each.fetched.id) in todo.fetched]
    done = await mirror(tx, owner, store, here, import_id=None, now=now)
    removed = await remove_messages(tx, owner, await store.released(_released(todo, known)))
    had = {each.id if isinstance(each, Gone) else each.fetched.id for each in here}
    left = [message_id for message_id in todo.fetched if message_id not in had]
    if left:
        await begin_listing(tx, store.state, job.id, now=now)
        await stage_listed(tx, settings, store.state, job.id, left, parent=job, priority="high")
        await finish_listing(tx, job.id, now=now)
    relabelled = len(todo.relabelled) - sum(not is_wanted(labels) for _, labels in todo.relabelled.values())
    return Mirrored(done.stored, done.removed + removed, done.relabelled + relabelled)


def _known_after(todo: Plan, known: dict[str, Known]) -> list[Known]:
    after = [Known(each, None, number, (), is_gone=True) for each, number in todo.removed.items()]
    # Labels are unknown until it is fetched, even where they were known before.
    after += [Known(each, None, number, (), is_gone=False) for each, number in todo.fetched.items()]
    after += [Known(each, None, number, labels, is_gone=False) for each, (number, labels) in todo.left_out.items()]
    for each, (number, labels) in todo.relabelled.items():
        key = known[each].message_key if is_wanted(labels) else None
        after.append(Known(each, key, number, labels, is_gone=False))
    return after


def _released(todo: Plan, known: dict[str, Known]) -> list[str]:
    gone = [*todo.removed, *(each for each, (_, labels) in todo.relabelled.items() if not is_wanted(labels))]
    return [key for each in gone if each in known and (key := known[each].message_key) is not None]
