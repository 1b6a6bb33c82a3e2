"""Reads and writes accounts; tokens come and go sealed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from headrace import Connection, Row, statement
from headrace_crm.accounts.model import Account, AccountNotFoundError, Provider, Status

_PACKAGE: Final = "headrace_crm.accounts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What is stored of an account's tokens, sealed; None where there is none."""

    id: UUID
    owner_id: UUID
    provider: Provider
    email: str
    status: Status
    status_reason: str | None
    access_token: bytes | None = field(repr=False)
    refresh_token: bytes | None = field(repr=False)
    expires_at: datetime | None


async def lock_place(connection: Connection, provider: Provider, email: str) -> UUID | None:
    """The id of the account of this address, locked to the end of the transaction; None where there is none."""
    return await connection.fetchval(statement(_PACKAGE, "lock_place"), provider, email)


async def link_account(
    connection: Connection,
    account_id: UUID,
    *,
    owner_id: UUID,
    provider: Provider,
    email: str,
    scopes: Sequence[str],
    access_token: bytes,
    refresh_token: bytes,
    expires_at: datetime,
    now: datetime,
) -> None:
    """Stores an account as linked, new or again; `account_id` must be the one it has where it is there already."""
    await connection.execute(
        statement(_PACKAGE, "link_account"),
        account_id,
        owner_id,
        provider,
        email,
        list(scopes),
        now,
        access_token,
        refresh_token,
        expires_at,
    )


async def get_account(connection: Connection, account_id: UUID) -> Account:
    """One account. Raises AccountNotFoundError."""
    row = await connection.fetchrow(statement(_PACKAGE, "get_account"), account_id)
    if row is None:
        raise AccountNotFoundError(account_id)
    return _account(row)


async def find_account(connection: Connection, provider: Provider, email: str) -> Account:
    """The account of an address, however it is written. Raises AccountNotFoundError."""
    row = await connection.fetchrow(statement(_PACKAGE, "find_account"), provider, email.strip().lower())
    if row is None:
        raise AccountNotFoundError(email)
    return _account(row)


async def list_accounts(
    connection: Connection, *, owner_id: UUID | None = None, after: UUID | None = None, limit: int = 1000
) -> list[Account]:
    """A page of accounts, unlinked ones too, in the order they were first linked; `after` goes on after an id."""
    rows = await connection.fetch(statement(_PACKAGE, "list_accounts"), owner_id, after, limit)
    return [_account(row) for row in rows]


async def get_tokens(connection: Connection, account_id: UUID) -> Held:
    """An account's sealed tokens as they are now. Raises AccountNotFoundError."""
    return _held(account_id, await connection.fetchrow(statement(_PACKAGE, "get_tokens"), account_id))


async def lock_tokens(connection: Connection, account_id: UUID) -> Held:
    """The same, held to the end of the transaction. Raises AccountNotFoundError."""
    return _held(account_id, await connection.fetchrow(statement(_PACKAGE, "lock_tokens"), account_id))


async def write_tokens(
    connection: Connection,
    account_id: UUID,
    *,
    access_token: bytes,
    refresh_token: bytes | None,
    expires_at: datetime,
    now: datetime,
) -> None:
    """Stores what a refresh gave; without a new refresh token the old one stays. The row must be locked."""
    await connection.execute(
        statement(_PACKAGE, "write_tokens"), account_id, access_token, refresh_token, expires_at, now
    )


async def require_sign_in(connection: Connection, account_id: UUID, reason: str) -> None:
    """Drops tokens that the provider refused for good. The row must be locked."""
    await connection.execute(statement(_PACKAGE, "require_sign_in"), account_id, reason)


async def begin_unlinking(connection: Connection, account_id: UUID) -> None:
    """Has nobody get a token of an account any more. The row must be locked."""
    await connection.execute(statement(_PACKAGE, "begin_unlinking"), account_id)


async def finish_unlinking(connection: Connection, account_id: UUID, *, now: datetime) -> None:
    """Drops an account's tokens for good. The row must be locked."""
    await connection.execute(statement(_PACKAGE, "finish_unlinking"), account_id, now)


async def list_unlinking(connection: Connection, *, limit: int = 1000) -> list[UUID]:
    """Accounts whose unlinking was begun and has not ended."""
    return [row["id"] for row in await connection.fetch(statement(_PACKAGE, "list_unlinking"), limit)]


async def list_ending(
    connection: Connection, *, before: datetime, after: tuple[datetime, UUID], limit: int
) -> list[tuple[datetime, UUID]]:
    """The next linked accounts whose token ends before a moment, as (end, id), after such a pair."""
    rows = await connection.fetch(statement(_PACKAGE, "list_ending"), before, *after, limit)
    return [(row["expires_at"], row["id"]) for row in rows]


async def lock_page(connection: Connection, *, after: UUID, limit: int) -> list[Row]:
    """The next accounts that have tokens, in order of id, with these sealed; held to the end of the transaction."""
    return await connection.fetch(statement(_PACKAGE, "lock_page"), after, limit)


@dataclass(frozen=True, slots=True)
class Resealed:
    """An account's tokens, sealed anew."""

    id: UUID
    access_token: bytes | None = field(repr=False)
    refresh_token: bytes | None = field(repr=False)


async def reseal(connection: Connection, accounts: Sequence[Resealed]) -> None:
    """Stores tokens that were sealed anew. The rows must be locked."""
    await connection.execute(
        statement(_PACKAGE, "reseal"),
        [one.id for one in accounts],
        [one.access_token for one in accounts],
        [one.refresh_token for one in accounts],
    )


def _held(account_id: UUID, row: Row | None) -> Held:
    if row is None:
        raise AccountNotFoundError(account_id)
    stored: dict[str, Any] = dict(row)
    return Held(id=account_id, **stored)


def _account(row: Row) -> Account:
    stored: dict[str, Any] = dict(row)
    stored["scopes"] = tuple(stored["scopes"])
    return Account(**stored)
