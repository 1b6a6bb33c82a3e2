"""Writes the stats of contacts."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from headrace import Connection, statement
from headrace_crm.stats.fold import StatsChange
from headrace_crm.stats.recount import Recount

_PACKAGE: Final = "headrace_crm.stats"


async def apply_changes(connection: Connection, changes: Sequence[StatsChange]) -> list[tuple[UUID, UUID]]:
    """Adds changes to the stats of contacts; returns (owner, contact) of those that exist.

    A contact that was removed since has no stats, and its events change nothing.
    """
    if not changes:
        return []
    rows = await connection.fetch(
        statement(_PACKAGE, "apply_changes"),
        [each.contact_id for each in changes],
        [each.owner_id for each in changes],
        [each.sent for each in changes],
        [each.received for each in changes],
        [each.first_sent_at for each in changes],
        [each.last_sent_at for each in changes],
        [each.first_received_at for each in changes],
        [each.last_received_at for each in changes],
        [each.event_count for each in changes],
    )
    narrowed = [each.contact_id for each in changes if each.is_narrowed]
    if narrowed:
        await connection.execute(statement(_PACKAGE, "recompute_times"), narrowed)
    return [(row["owner_id"], row["contact_id"]) for row in rows]


async def replace_stats(connection: Connection, contact_id: UUID, recount: Recount) -> list[tuple[UUID, UUID]]:
    """Puts what was counted in the place of a contact's stats; (owner, contact), or nothing where it was removed."""
    rows = await connection.fetch(
        statement(_PACKAGE, "replace_stats"),
        contact_id,
        len(recount.sent),
        len(recount.received),
        recount.first_at,
        recount.last_at,
        max(recount.sent.values(), default=None),
        max(recount.received.values(), default=None),
    )
    return [(row["owner_id"], row["contact_id"]) for row in rows]


async def contacts_of_threads(connection: Connection, thread_ids: Sequence[int]) -> list[tuple[UUID, UUID]]:
    """(owner, contact) of everybody with an interaction in one of these threads."""
    if not thread_ids:
        return []
    rows = await connection.fetch(statement(_PACKAGE, "contacts_of_threads"), thread_ids)
    return [(row["owner_id"], row["contact_id"]) for row in rows]


async def owner_of(connection: Connection, contact_id: UUID) -> UUID | None:
    """Whose contact it is; None where it was removed."""
    return await connection.fetchval(statement(_PACKAGE, "owner_of_contact"), contact_id)
