"""Erasure of a person from what can be found."""

from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

from headrace import Connection, statement
from headrace_crm.search.store import count_vocabulary

_PACKAGE: Final = "headrace_crm.search"


async def forget_questions(
    connection: Connection, addresses: Collection[str], marks: Collection[str], *, contact_ids: Collection[UUID]
) -> None:
    """Removes questions and answers that have a mark in them, or rest on what these addresses wrote.

    `marks` are in lower case. Messages must be there still: what an answer rests on goes with them.
    """
    await connection.execute(
        statement(_PACKAGE, "forget_questions"), sorted(marks), sorted(addresses), sorted(contact_ids)
    )


async def forget(
    connection: Connection,
    addresses: Collection[str],
    *,
    names: Collection[str] = (),
    contact_ids: Collection[UUID] = (),
    now: datetime,
) -> int:
    """Removes every passage a person wrote, is, or is named in by an address or a name, with its vectors; how many.

    Also questions that named them so, or whose answers do or rest on what they wrote, and their words from the
    counts of words. It leaves the messages themselves alone; where those are deleted, their passages go with
    them anyway. In the caller's transaction.
    """
    emails = sorted({address.strip().lower() for address in addresses if address.strip()})
    marks = sorted({*emails, *(name.strip().lower() for name in names if name.strip())})
    # Before the passages: whoever collects a question that is there still is waited for, and its passage found.
    await forget_questions(connection, emails, marks, contact_ids=contact_ids)
    rows = await connection.fetch(statement(_PACKAGE, "forget_passages"), emails, sorted(contact_ids), marks)
    for owner_id in sorted({row["owner_id"] for row in rows}):
        await count_vocabulary(connection, owner_id, now=now)
    return len(rows)
