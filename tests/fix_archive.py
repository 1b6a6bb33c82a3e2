"""What tests of an archive share: events of the past, an app that keeps them for a while, and what a file holds."""

import gzip
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from fix_tampering import tamper
from headrace import EventRetention, Headrace, event

DAY = timedelta(days=1)


@event("page.viewed", retention="operational")
class PageViewed(msgspec.Struct, frozen=True):
    """An event that goes after a while."""

    page: str


@event("order.placed")
class OrderPlaced(msgspec.Struct, frozen=True):
    """An event that stays."""

    number: int


async def moved_back(connection: asyncpg.Connection, days: int, retention: str = "operational") -> str:
    """Makes the events of a class so many days older, in a partition of that day; its name."""
    name = await connection.fetchval(
        "SELECT 'event_' || $1 || '_'"
        " || to_char((statement_timestamp() AT TIME ZONE 'UTC')::date - $2::integer, 'YYYYMMDD')",
        retention,
        days,
    )
    await connection.execute(
        f"CREATE TABLE headrace.{name} (LIKE headrace.event INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"
    )
    await connection.execute(
        "SELECT headrace.attach_event_partition($1, $2, day - $3 * interval '1 day', day - ($3 - 1) * interval '1 day')"
        " FROM date_trunc('day', statement_timestamp(), 'UTC') AS day",
        retention,
        name,
        days,
    )
    await tamper(
        connection,
        "UPDATE headrace.event SET recorded_at = recorded_at - $2 * interval '1 day' WHERE retention = $1"
        " AND recorded_at > statement_timestamp() - interval '1 day'",
        retention,
        days,
    )
    return name


async def append_all(app: Headrace, *events: object) -> list[int]:
    """Appends events; their positions."""
    async with app.transaction() as tx:
        for one in events:
            await tx.append(one)
    async with app.pool.acquire() as connection:
        rows = await connection.fetch(
            "SELECT position FROM headrace.event ORDER BY position DESC LIMIT $1", len(events)
        )
    return sorted(row[0] for row in rows)


async def rows_of(connection: asyncpg.Connection, retention: str = "operational") -> list[dict[str, Any]]:
    """The events of a class as the log has them, as an archive writes them."""
    await connection.execute("SET timezone = 'UTC'")
    rows = await connection.fetch(
        "SELECT to_json(event)::text FROM headrace.event WHERE retention = $1 ORDER BY position", retention
    )
    return [json.loads(row[0]) for row in rows]


def lines_of(folder: Path, partition: str) -> list[dict[str, Any]]:
    """What the file of a partition holds."""
    with gzip.open(folder / f"{partition}.jsonl.gz", "rt", encoding="utf-8") as packed:
        return [json.loads(line) for line in packed]


def keeping(folder: Path | None = None, **options: Any) -> EventRetention:
    """A retention of a week for operational events."""
    return EventRetention(operational=7 * DAY, archive=folder, **options)
