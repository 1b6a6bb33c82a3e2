"""What happens to accounts."""

from datetime import datetime
from uuid import UUID

import msgspec

from headrace import Stream, event


@event("account.linked", version=1)
class AccountLinked(msgspec.Struct, frozen=True):
    """An owner let the CRM read a mailbox; `is_new` is False where it was linked before and is again."""

    owner_id: UUID
    account_id: UUID
    provider: str
    email: str
    scopes: tuple[str, ...]
    is_new: bool


@event("account.unlinked", version=1)
class AccountUnlinked(msgspec.Struct, frozen=True):
    """The CRM has no token of a mailbox any more; `was_revoked` tells whether the provider has heard of it."""

    owner_id: UUID
    account_id: UUID
    provider: str
    email: str
    was_revoked: bool


@event("account.token_refreshed", version=1, retention="operational")
class AccountTokenRefreshed(msgspec.Struct, frozen=True):
    """A mailbox has another access token, good until `expires_at`."""

    owner_id: UUID
    account_id: UUID
    provider: str
    expires_at: datetime


ACCOUNT_EVENTS: tuple[type, ...] = (AccountLinked, AccountUnlinked, AccountTokenRefreshed)


def account_stream(account_id: UUID) -> Stream:
    """The stream of everything that happens to one account."""
    return Stream("account", str(account_id))
