"""What the jobs of mirrored mailboxes are called, and their args."""

from typing import Final
from uuid import UUID

import msgspec

INITIAL_KIND: Final = "email-sync-initial"
INCREMENTAL_KIND: Final = "email-sync-incremental"
DEEP_KIND: Final = "email-sync-deep"
WATCH_KIND: Final = "renew-gmail-watch"
WATCHES_KIND: Final = "renew-gmail-watches"
POLL_KIND: Final = "poll-mailboxes"

SYNC_LIMIT: Final = "gmail-sync"
FETCH_LIMIT: Final = "gmail-fetch"


class SyncAccount(msgspec.Struct, frozen=True):
    """Args of the three kinds of sync: of which account."""

    account_id: UUID


class RenewWatch(msgspec.Struct, frozen=True):
    """Args of `renew-gmail-watch`: of which account."""

    account_id: UUID
