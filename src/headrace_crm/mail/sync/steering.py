"""What a person has done about the mirror of a mailbox: a look now, a pause, and to tell where it is."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from headrace import Enqueued, Headrace, Transaction, Unique, bind
from headrace_crm.accounts.model import NeedsSignInError, UnlinkedError
from headrace_crm.accounts.store import get_account
from headrace_crm.errors import CrmError
from headrace_crm.mail.owners import lock_owner
from headrace_crm.mail.sync import store as mailboxes
from headrace_crm.mail.sync.args import DEEP_KIND, INCREMENTAL_KIND, INITIAL_KIND, SyncAccount
from headrace_crm.mail.sync.deep import listing_key
from headrace_crm.mail.sync.incremental import CHANGES_KEY
from headrace_crm.mail.sync.store import Listing


class NotMirroredError(CrmError):
    """The first sync of a mailbox has not listed anything yet: there is nothing to pause or to resume."""

    def __init__(self, account_id: UUID, email: str) -> None:
        super().__init__(
            f"the first sync of {email} has not begun; have a `headrace worker` run, or see `crm accounts sync {email}`"
        )
        self.account_id = account_id
        self.email = email


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where the mirror of a mailbox is.

    `listing` is how the listing of all mail stands, None before the first sync. The counts are of messages: stored,
    and listed but still to be fetched.
    """

    account_id: UUID
    email: str
    status: str
    pass_number: int
    listing: Listing | None
    stored: int
    waiting: int
    looked_at: datetime | None
    watch_expires_at: datetime | None


async def start_sync(app: Headrace, account_id: UUID) -> Enqueued:
    """Has a mailbox looked at now: its changes, or, before the first sync, all of it; the job that does so.

    Nothing is stored twice: a job that waits, or a first sync that runs, is the one that is returned.

    Raises AccountNotFoundError, NeedsSignInError, UnlinkedError.
    """
    async with app.transaction() as tx:
        state = await mailboxes.get_mailbox(tx.connection, account_id)
        await _require_linked(tx, account_id)
        is_begun = state.history_id is not None
        unique = CHANGES_KEY if is_begun else Unique(str(account_id))
        with bind(user_id=str(state.owner_id)):
            return await tx.enqueue(
                INCREMENTAL_KIND if is_begun else INITIAL_KIND,
                SyncAccount(account_id),
                # A job that was put off is due now.
                unique=replace(unique, on_conflict="replace"),
            )


async def pause_listing(app: Headrace, account_id: UUID) -> bool:
    """Stops the listing of all mail after its page under way; False where it does not go on anyway.

    What was listed is still fetched, and changes are followed.

    Raises AccountNotFoundError, NotMirroredError.
    """
    async with app.transaction() as tx:
        await _lock_mirrored(tx, account_id)
        return await mailboxes.set_listing(tx.connection, account_id, "paused")


async def resume_listing(app: Headrace, account_id: UUID) -> bool:
    """Lets the listing go on where it was paused, with the job that does so; False where it was not paused.

    Raises AccountNotFoundError, NeedsSignInError, UnlinkedError, NotMirroredError.
    """
    async with app.transaction() as tx:
        owner_id = await _lock_mirrored(tx, account_id)
        await _require_linked(tx, account_id)
        is_changed = await mailboxes.set_listing(tx.connection, account_id, "under way")
        if is_changed:
            # One job may wait already: for the batches of the page before, or for the first sync's.
            with bind(user_id=str(owner_id)):
                await tx.enqueue(DEEP_KIND, SyncAccount(account_id), unique=listing_key(account_id))
        return is_changed


async def read_standing(app: Headrace, account_id: UUID) -> Standing:
    """Where the mirror of a mailbox is. Raises AccountNotFoundError."""
    async with app.pool.acquire() as connection:
        state = await mailboxes.get_mailbox(connection, account_id)
        stored, waiting = await mailboxes.count_mailbox(connection, account_id)
    return Standing(
        account_id=account_id,
        email=state.email,
        status=state.status,
        pass_number=state.pass_number,
        listing=state.listing,
        stored=stored,
        waiting=waiting,
        looked_at=state.looked_at,
        watch_expires_at=state.watch_expires_at,
    )


async def _lock_mirrored(tx: Transaction, account_id: UUID) -> UUID:
    state = await mailboxes.get_mailbox(tx.connection, account_id)
    await lock_owner(tx.connection, state.owner_id)
    # Read again: what the lock's last holder committed is seen from here on only.
    state = await mailboxes.get_mailbox(tx.connection, account_id)
    if state.history_id is None:
        raise NotMirroredError(account_id, state.email)
    return state.owner_id


async def _require_linked(tx: Transaction, account_id: UUID) -> None:
    account = await get_account(tx.connection, account_id)
    if account.status == "needs_sign_in":
        raise NeedsSignInError(account_id, account.email, account.status_reason or "refused")
    if account.status != "linked":
        raise UnlinkedError(account_id, account.email)
