"""Keeps an owner's digest of a day, and reads the newest one."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final
from uuid import UUID

from headrace import Connection, statement
from headrace_crm.insights.digest import choose, digest_text
from headrace_crm.insights.reading import Insight, insights_by_id, list_insights
from headrace_crm.mail.owners import owner_as_of

_PACKAGE: Final = "headrace_crm.insights"
_CHOSEN_FROM: Final = 200


@dataclass(frozen=True, slots=True)
class Digest:
    """What an owner is told on a day (UTC); `as_of` is what insights took for now.

    `text` is made of the insights that are still there: what was said of people who were forgotten went with them.
    """

    owner_id: UUID
    day: date
    as_of: datetime
    text: str
    insight_ids: tuple[UUID, ...]
    made_at: datetime


async def compose(connection: Connection, owner_id: UUID, *, now: datetime) -> Digest:
    """The digest that the owner's open insights give at `now`; nothing is stored."""
    chosen, open_count = await _choose(connection, owner_id)
    as_of = await owner_as_of(connection, owner_id, now=now)
    day = now.astimezone(UTC).date()
    text = digest_text(chosen, day=day, open_count=open_count)
    return Digest(owner_id, day, as_of, text, tuple(each.id for each in chosen), now)


async def keep_digest(connection: Connection, owner_id: UUID, *, now: datetime) -> None:
    """Keeps the digest of the day, once: a second one of the same day changes nothing."""
    chosen, open_count = await _choose(connection, owner_id)
    as_of = await owner_as_of(connection, owner_id, now=now)
    day = now.astimezone(UTC).date()
    ids = [each.id for each in chosen]
    await connection.execute(statement(_PACKAGE, "keep_digest"), owner_id, day, as_of, ids, open_count, now)


async def newest_digest(connection: Connection, owner_id: UUID) -> Digest | None:
    """The digest that was kept last; None before the first one."""
    row = await connection.fetchrow(statement(_PACKAGE, "read_digest"), owner_id)
    if row is None:
        return None
    insights = await insights_by_id(connection, row["insight_ids"])
    text = digest_text(insights, day=row["day"], open_count=row["open_count"])
    return Digest(row["owner_id"], row["day"], row["as_of"], text, tuple(row["insight_ids"]), row["made_at"])


async def _choose(connection: Connection, owner_id: UUID) -> tuple[list[Insight], int]:
    chosen = choose(await list_insights(connection, owner_id, limit=_CHOSEN_FROM))
    return chosen, await connection.fetchval(statement(_PACKAGE, "count_open"), owner_id)
