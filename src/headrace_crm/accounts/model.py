"""What an account is, and what its tokens are."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, TypeAlias
from uuid import UUID

from headrace_crm.errors import CrmError

Status: TypeAlias = Literal["linked", "needs_sign_in", "unlinking", "unlinked"]
Provider: TypeAlias = Literal["google"]

GOOGLE: Final[Provider] = "google"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A mailbox that an owner has let the CRM read; its tokens are elsewhere.

    `status_reason` is the provider's word for why it needs a sign-in, None otherwise. `expires_at` is when the access
    token ends; it is renewed before.
    """

    id: UUID
    owner_id: UUID
    provider: Provider
    email: str
    scopes: tuple[str, ...]
    status: Status
    status_reason: str | None
    expires_at: datetime | None
    linked_at: datetime
    refreshed_at: datetime | None
    unlinked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What a provider gave, in clear; it shows nothing of itself."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_at: datetime


class AccountError(CrmError):
    """An account cannot be used; the base of the next three."""

    def __init__(self, message: str, account_id: UUID | None) -> None:
        super().__init__(message)
        self.account_id = account_id


class AccountNotFoundError(AccountError):
    """No account has this id or address."""

    def __init__(self, named: UUID | str) -> None:
        super().__init__(
            f"no account {named}; `crm accounts list` shows those there are", named if isinstance(named, UUID) else None
        )


class NeedsSignInError(AccountError):
    """The provider has refused the account's tokens for good: somebody has to sign in again."""

    def __init__(self, account_id: UUID, email: str, reason: str) -> None:
        super().__init__(
            f"account {email} needs a sign-in ({reason}); link it again: crm accounts link google", account_id
        )
        self.email = email
        self.reason = reason


class UnlinkedError(AccountError):
    """The account was unlinked, or is about to be: there is no token for anybody."""

    def __init__(self, account_id: UUID, email: str) -> None:
        super().__init__(f"account {email} is not linked any more; link it again: crm accounts link google", account_id)
        self.email = email
