"""Reads an owner's letters, and keeps the figures made of them."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from headrace import Connection, statement
from headrace_crm.analytics.figures import LONG, Figures, Letter

_PACKAGE: Final = "headrace_crm.analytics"


class EmailAnalytics(msgspec.Struct, frozen=True):
    """The figures of an owner's mail, as last calculated."""

    owner_id: UUID
    as_of: datetime
    figures: Figures
    calculated_at: datetime


async def list_letters(
    connection: Connection, owner_id: UUID, *, now: datetime, span: timedelta = LONG
) -> list[Letter]:
    """Messages between an owner and people, sent in the `span` before `now`."""
    rows = await connection.fetch(statement(_PACKAGE, "list_letters"), owner_id, now - span, now)
    return [
        Letter(
            row["thread_id"],
            row["message_id"],
            row["direction"],
            row["sent_at"],
            row["subject"],
            tuple(row["people"]),
        )
        for row in rows
    ]


async def write_figures(connection: Connection, owner_id: UUID, found: Figures, *, as_of: datetime) -> None:
    """Keeps the figures; those made for an earlier moment by a job that came late do not replace newer ones."""
    text = msgspec.json.encode(found).decode()
    await connection.execute(statement(_PACKAGE, "write_figures"), owner_id, as_of, text)


async def read_analytics(connection: Connection, owner_id: UUID) -> EmailAnalytics | None:
    """What was last calculated for an owner; None before the first time."""
    row = await connection.fetchrow(statement(_PACKAGE, "read_figures"), owner_id)
    if row is None:
        return None
    return EmailAnalytics(
        owner_id, row["as_of"], msgspec.json.decode(row["figures"], type=Figures), row["calculated_at"]
    )
