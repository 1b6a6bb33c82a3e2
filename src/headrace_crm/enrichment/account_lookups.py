"""Handles of X that wait to be looked up together, and what came of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

from headrace import Connection, statement
from headrace_crm.enrichment.provider import Account

_PACKAGE: Final = "headrace_crm.enrichment"

_account: Final = msgspec.json.Decoder(Account)


@dataclass(frozen=True, slots=True)
class Lookup:
    """One contact's handle; `outcome` is None while it waits, `account` is there where it is found."""

    handle: str
    outcome: Literal["found", "none", "refused"] | None
    account: Account | None
    detail: str | None


async def request_lookup(
    connection: Connection, contact_id: UUID, handle: str, lookup_id: UUID, *, now: datetime
) -> None:
    """Has a handle looked up by the job `lookup_id`, or by any other that has room for it before."""
    await connection.execute(statement(_PACKAGE, "request_lookup"), contact_id, handle, lookup_id, now)


async def waiting_handles(connection: Connection, lookup_id: UUID, *, limit: int) -> tuple[list[str], int]:
    """The handles to look up next, this job's own first, and how many of them are its own."""
    rows = await connection.fetch(statement(_PACKAGE, "waiting_handles"), lookup_id, limit)
    return [row["handle"] for row in rows], sum(row["is_own"] for row in rows)


async def answer_lookups(
    connection: Connection,
    handles: Sequence[str],
    outcome: Literal["found", "none", "refused"],
    *,
    accounts: Sequence[Account] = (),
    detail: str | None = None,
) -> None:
    """Answers all who wait for these handles; `accounts` are theirs, in the same order, where they are found."""
    if handles:
        documents = [msgspec.json.encode(account).decode() for account in accounts] or [None] * len(handles)
        await connection.execute(statement(_PACKAGE, "answer_lookups"), list(handles), documents, outcome, detail)


async def lookup_of(connection: Connection, contact_id: UUID) -> Lookup | None:
    """The look-up of a contact's handle."""
    row = await connection.fetchrow(statement(_PACKAGE, "lookup_of"), contact_id)
    if row is None:
        return None
    account = None if row["account"] is None else _account.decode(row["account"])
    return Lookup(row["handle"], row["outcome"], account, row["detail"])
