"""Makes an owner's digest of a day, and reads the newest one."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final
from uuid import UUID

from headrace import Connection, statement
from headrace_crm.insights.digest import choose, digest_text
from headrace_crm.insights.reading import list_insights
from headrace_crm.mail.owners import owner_as_of

_PACKAGE: Final = "headrace_crm.insights"
_CHOSEN_FROM: Final = 200


@dataclass(frozen=True, slots=True)
class Digest:
    """What an owner is told on a day (UTC); `as_of` is what insights took for now."""

    owner_id: UUID
    day: date
    as_of: datetime
    text: str
    insight_ids: tuple[UUID, ...]
    made_at: datetime


async def compose(connection: Connection, owner_id: UUID, *, now: datetime) -> Digest:
    """The digest that the owner's open insights give at `now`; nothing is stored."""
    chosen = choose(await list_insights(connection, owner_id, limit=_CHOSEN_FROM))
    open_count = await connection.fetchval(statement(_PACKAGE, "count_open"), owner_id)
    as_of = await owner_as_of(connection, owner_id, now=now)
    day = now.astimezone(UTC).date()
    text = digest_text(chosen, day=day, open_count=open_count)
    return Digest(owner_id, day, as_of, text, tuple(each.id for each in chosen), now)


async def make_digest(connection: Connection, owner_id: UUID, *, now: datetime) -> Digest:
    """Keeps the digest of the day, once: a second one of the same day changes nothing."""
    digest = await compose(connection, owner_id, now=now)
    await connection.execute(
        statement(_PACKAGE, "keep_digest"),
        owner_id,
        digest.day,
        digest.as_of,
        digest.text,
        list(digest.insight_ids),
        now,
    )
    return digest


async def newest_digest(connection: Connection, owner_id: UUID) -> Digest | None:
    """The digest that was made last; None before the first one."""
    row = await connection.fetchrow(statement(_PACKAGE, "read_digest"), owner_id)
    if row is None:
        return None
    return Digest(row["owner_id"], row["day"], row["as_of"], row["text"], tuple(row["insight_ids"]), row["made_at"])
