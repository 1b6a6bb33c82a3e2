"""Jobs of the past: what is stored of them, moved back by days."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg

_TABLES = (
    ("job", "id"),
    ("run", "job_id"),
    ("outcome", "job_id"),
    ("failure", "job_id"),
    ("progress", "job_id"),
    ("step", "job_id"),
    ("dependency", "job_id"),
    ("dependency", "depends_on"),
)


async def moved_back(connection: asyncpg.Connection, jobs: Sequence[Any], days: int) -> list[UUID]:
    """Makes these jobs so many days old, in partitions of those days; their new ids."""
    new = await connection.fetch(
        """
        SELECT old, (lpad(to_hex(millis - $2::bigint * 86400000), 12, '0') || right(hex, 20))::uuid AS new
        FROM unnest($1::uuid[]) AS old
        CROSS JOIN LATERAL (SELECT replace(old::text, '-', '')) AS plain (hex)
        CROSS JOIN LATERAL (SELECT ('x' || left(hex, 12))::bit(48)::bigint) AS moment (millis)
        """,
        [job.id for job in jobs],
        days,
    )
    pairs = {row["old"]: row["new"] for row in new}
    await connection.execute(
        "SELECT headrace.ensure_day((statement_timestamp() AT TIME ZONE 'UTC')::date - $1::integer + n)"
        " FROM generate_series(-1, 0) AS n",
        days,
    )
    for table, key in _TABLES:
        await connection.execute(
            f"UPDATE headrace.{table} SET {key} = pair.new FROM unnest($1::uuid[], $2::uuid[]) AS pair (old, new)"
            f" WHERE {table}.{key} = pair.old",
            list(pairs),
            list(pairs.values()),
        )
    await connection.execute(
        "UPDATE headrace.outcome SET ended_at = ended_at - $2 * interval '1 day' WHERE job_id = ANY ($1)",
        list(pairs.values()),
        days,
    )
    return list(pairs.values())
