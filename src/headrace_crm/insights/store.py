"""Which people rules are to look at, and what they found."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from headrace import Connection, statement, uuid7
from headrace_crm.insights.model import Contact, Finding
from headrace_crm.insights.settle import Known

_PACKAGE: Final = "headrace_crm.insights"
NIL: Final = UUID(int=0)


async def mark_due(connection: Connection, owner_id: UUID, contact_ids: Iterable[UUID]) -> None:
    """Has rules look at contacts again; those that wait for it already wait on."""
    await connection.execute(statement(_PACKAGE, "mark_due"), owner_id, sorted(contact_ids))


async def mark_page_due(connection: Connection, owner_id: UUID, *, after: UUID = NIL, limit: int) -> UUID | None:
    """Has rules look at the owner's next contacts; the last of them, None where there are no more."""
    return await connection.fetchval(statement(_PACKAGE, "mark_page_due"), owner_id, after, limit)


async def what_waits(connection: Connection, owner_id: UUID, *, since: datetime, at_most: int) -> tuple[bool, int]:
    """Whether a mailbox of the owner is being read, begun after `since`; how many contacts wait, counted so far."""
    row = await connection.fetchrow(statement(_PACKAGE, "what_waits"), owner_id, since, at_most)
    return (False, 0) if row is None else (row["is_reading"], row["due_count"])


async def take_page(connection: Connection, owner_id: UUID, *, limit: int) -> tuple[int, list[Contact]]:
    """Takes the next contacts to look at, held to the end of the transaction; how many waited, and those to look at."""
    rows = await connection.fetch(statement(_PACKAGE, "due_page"), owner_id, limit)
    ids = [row["contact_id"] for row in rows]
    # Contacts before everything that refers to them, as whoever removes one does.
    held = await connection.fetch(statement(_PACKAGE, "lock_contacts"), ids)
    taken = {row["contact_id"] for row in await connection.fetch(statement(_PACKAGE, "take_due"), owner_id, ids)}
    return len(ids), [
        Contact(row["id"], row["name"], frozenset(row["addresses"])) for row in held if row["id"] in taken
    ]


async def known_insights(connection: Connection, contact_ids: Sequence[UUID]) -> dict[UUID, dict[str, Known]]:
    """The insights about contacts by their keys, held to the end of the transaction."""
    found: dict[UUID, dict[str, Known]] = {contact_id: {} for contact_id in contact_ids}
    for row in await connection.fetch(statement(_PACKAGE, "known_insights"), contact_ids):
        found[row["contact_id"]][row["key"]] = Known(row["state"], row["fingerprint"])
    return found


async def write(
    connection: Connection,
    owner_id: UUID,
    findings: Sequence[tuple[UUID, Finding]],
    *,
    told: Iterable[str],
    as_of: datetime,
    now: datetime,
) -> Mapping[str, UUID]:
    """Stores what was found about contacts, open; the ids by key. `told` are the keys that events tell of now."""
    if not findings:
        return {}
    rows = await connection.fetch(
        statement(_PACKAGE, "write_insights"),
        owner_id,
        as_of,
        now,
        [uuid7() for _ in findings],
        [contact_id for contact_id, _ in findings],
        [each.kind for _, each in findings],
        [each.key for _, each in findings],
        [each.fingerprint for _, each in findings],
        [each.score for _, each in findings],
        [each.text for _, each in findings],
        # Arrays of arrays must all have one length.
        ["{" + ",".join(map(str, each.message_ids)) + "}" for _, each in findings],
        [msgspec.json.encode(each.numbers).decode() for _, each in findings],
        [each.other_id for _, each in findings],
        sorted(told),
        [each.found_by for _, each in findings],
    )
    return {row["key"]: row["id"] for row in rows}


async def expire(connection: Connection, owner_id: UUID, keys: Sequence[str], *, now: datetime) -> None:
    """Ends open insights that hold no more."""
    if not keys:
        return
    await connection.execute(statement(_PACKAGE, "expire_insights"), owner_id, list(keys), now)
