"""Reads and writes how far mailboxes are mirrored; what changes something needs the owner's lock."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final, Literal, TypeAlias
from uuid import UUID

import msgspec

from headrace import Connection, statement
from headrace_crm.accounts.model import AccountNotFoundError
from headrace_crm.mail.provider import Label
from headrace_crm.mail.sync.changes import Known

Listing: TypeAlias = Literal["under way", "paused", "done"]

_PACKAGE: Final = "headrace_crm.mail.sync"


@dataclass(frozen=True, slots=True)
class MailboxState:
    """How far an account's mail is mirrored; `history_id` is None, and `pass_number` 0, before the first pass."""

    account_id: UUID
    owner_id: UUID
    email: str
    status: str
    history_id: int | None
    pass_number: int
    listing: Listing | None
    page_token: str | None
    import_id: UUID | None
    looked_at: datetime | None
    watch_expires_at: datetime | None


async def get_mailbox(connection: Connection, account_id: UUID) -> MailboxState:
    """Raises AccountNotFoundError."""
    row = await connection.fetchrow(statement(_PACKAGE, "get_mailbox"), account_id)
    if row is None:
        raise AccountNotFoundError(account_id)
    return MailboxState(
        account_id,
        row["owner_id"],
        row["email"],
        row["status"],
        None if row["history_id"] is None else int(row["history_id"]),
        row["pass"] or 0,
        row["listing"],
        row["page_token"],
        row["import_id"],
        row["looked_at"],
        row["watch_expires_at"],
    )


class MirrorStore:
    """What one mailbox is known to hold, on one connection, in one pass."""

    def __init__(self, connection: Connection, state: MailboxState) -> None:
        self._connection = connection
        self.state = state

    async def begin_pass(self, history_id: int, *, now: datetime) -> "MirrorStore":
        """Begins to list the mailbox anew; what is stored from here on belongs to that pass."""
        number: int = await self._connection.fetchval(
            statement(_PACKAGE, "begin_pass"), self.state.account_id, self.state.owner_id, Decimal(history_id), now
        )
        return MirrorStore(self._connection, replace(self.state, history_id=history_id, pass_number=number))

    async def see(self, provider_ids: Sequence[str]) -> list[str]:
        """Notes listed messages; those of them not seen in this pass before, in the order given."""
        rows = await self._connection.fetch(
            statement(_PACKAGE, "see_messages"),
            self.state.account_id,
            self.state.owner_id,
            list(dict.fromkeys(provider_ids)),
            self.state.pass_number,
        )
        new = {row["provider_id"] for row in rows}
        return [provider_id for provider_id in dict.fromkeys(provider_ids) if provider_id in new]

    async def known(self, provider_ids: Collection[str]) -> dict[str, Known]:
        """What is known of these messages; those never heard of are left out."""
        rows = await self._connection.fetch(
            statement(_PACKAGE, "known_messages"), self.state.account_id, sorted(provider_ids)
        )
        return {
            row["provider_id"]: Known(
                row["provider_id"], row["message_key"], int(row["history_id"]), tuple(row["labels"]), row["is_gone"]
            )
            for row in rows
        }

    async def write(self, known: Iterable[Known], *, now: datetime) -> None:
        """Writes what is known now."""
        rows = sorted(known, key=lambda each: each.provider_id)
        if rows:
            await self._connection.execute(
                statement(_PACKAGE, "write_known"),
                self.state.account_id,
                self.state.owner_id,
                self.state.pass_number,
                [each.provider_id for each in rows],
                [each.message_key for each in rows],
                [Decimal(each.history_id) for each in rows],
                [msgspec.json.encode(each.labels).decode() for each in rows],
                [each.is_gone for each in rows],
                now,
            )

    async def relabel(self, labels: Sequence[tuple[str, Sequence[str]]]) -> None:
        """Gives stored messages, by key, the labels they have at the server."""
        if labels:
            await self._connection.execute(
                statement(_PACKAGE, "relabel_messages"),
                self.state.owner_id,
                [key for key, _ in labels],
                [msgspec.json.encode(each).decode() for _, each in labels],
            )

    async def released(self, keys: Collection[str]) -> list[str]:
        """Those of these messages that no mailbox of the owner's holds any more."""
        if not keys:
            return []
        rows = await self._connection.fetch(statement(_PACKAGE, "released_keys"), self.state.owner_id, sorted(keys))
        return sorted(row["message_key"] for row in rows)

    async def unseen(self) -> list[str]:
        """Stored messages that this pass has not listed."""
        rows = await self._connection.fetch(
            statement(_PACKAGE, "unseen_messages"), self.state.account_id, self.state.pass_number
        )
        return [row["provider_id"] for row in rows]

    async def advance_history(self, history_id: int, *, now: datetime) -> None:
        await self._connection.execute(
            statement(_PACKAGE, "advance_history"), self.state.account_id, Decimal(history_id), now
        )

    async def advance_listing(self, page_token: str | None, *, import_id: UUID, is_done: bool) -> None:
        await self._connection.execute(
            statement(_PACKAGE, "advance_listing"), self.state.account_id, page_token, import_id, is_done
        )


async def set_listing(connection: Connection, account_id: UUID, listing: Literal["under way", "paused"]) -> bool:
    """Pauses the listing of a mailbox or lets it go on; False where that changes nothing."""
    return await connection.fetchval(statement(_PACKAGE, "set_listing"), account_id, listing) is not None


async def count_mailbox(connection: Connection, account_id: UUID) -> tuple[int, int]:
    """How many messages of a mailbox are stored, and how many were listed and wait to be fetched."""
    (row,) = await connection.fetch(statement(_PACKAGE, "count_mailbox"), account_id)
    return row["stored"], row["waiting"]


async def write_labels(connection: Connection, state: MailboxState, labels: Sequence[Label]) -> None:
    """Writes what the labels of a mailbox are called, and forgets those it has no more."""
    named = sorted({label.id: label.name for label in labels}.items())
    ids = [label_id for label_id, _ in named]
    await connection.execute(
        statement(_PACKAGE, "write_labels"), state.owner_id, state.account_id, ids, [name for _, name in named]
    )
    await connection.execute(statement(_PACKAGE, "forget_labels"), state.account_id, ids)


async def unknown_labels(connection: Connection, state: MailboxState, label_ids: Collection[str]) -> list[str]:
    """Those of these labels whose name is not known."""
    rows = await connection.fetch(
        statement(_PACKAGE, "unknown_labels"), state.owner_id, state.account_id, sorted(label_ids)
    )
    return [row["label_id"] for row in rows]


async def set_watch(connection: Connection, account_id: UUID, expires_at: datetime) -> None:
    """Notes until when pushes come."""
    await connection.execute(statement(_PACKAGE, "set_watch"), account_id, expires_at)


async def due_mailboxes(
    connection: Connection,
    *,
    after: UUID | None,
    now: datetime,
    looked_before: datetime,
    watched_looked_before: datetime,
    limit: int,
) -> list[tuple[UUID, bool]]:
    """A page of accounts to be looked at, each with whether its first sync has begun."""
    rows = await connection.fetch(
        statement(_PACKAGE, "due_mailboxes"), after, now, looked_before, watched_looked_before, limit
    )
    return [(row["id"], row["is_begun"]) for row in rows]


async def unwatched_mailboxes(
    connection: Connection, *, after: UUID | None, before: datetime, limit: int
) -> list[UUID]:
    """A page of accounts whose watch ends before a moment, or that have none."""
    rows = await connection.fetch(statement(_PACKAGE, "unwatched_mailboxes"), after, before, limit)
    return [row["id"] for row in rows]


async def forget_mailbox(connection: Connection, account_id: UUID) -> None:
    """Forgets what a mailbox holds; what was stored of it stays."""
    await connection.execute(statement(_PACKAGE, "forget_mailbox"), account_id)


async def forget_gone(connection: Connection, *, before: datetime) -> None:
    """Forgets messages that went before a moment."""
    await connection.execute(statement(_PACKAGE, "forget_gone"), before)
