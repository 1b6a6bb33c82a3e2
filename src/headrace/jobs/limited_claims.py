"""Claims within limits: the statement, its session, and what it tells beside the jobs."""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, cast

import msgspec

from headrace.db.connection import Connection, Row
from headrace.db.pool import ConnectionPool
from headrace.db.session import Session
from headrace.db.statements import statement
from headrace.jobs.cursor import Range
from headrace.jobs.key_cursor import KeyCursor, KeyPlan

_PACKAGE = "headrace.jobs"

LIMITED_SESSION: Mapping[str, str] = MappingProxyType(
    {
        "jit": "off",
        # It is planned once: that takes as long as claiming a hundred jobs. The plan is by index whatever the tables
        # held then, since nothing else is left to choose.
        "plan_cache_mode": "force_generic_plan",
        "enable_seqscan": "off",
        "enable_bitmapscan": "off",
    }
)
"""What the session of such claims sets."""


async def claim_limited_jobs(
    connection: Connection,
    ranges: Sequence[Range],
    plan: KeyPlan,
    *,
    kinds: Sequence[str],
    limit: int,
    worker_id: int,
    now: datetime | None = None,
) -> tuple[list[Row], Mapping[str, Any]]:
    """Claims up to `limit` due jobs within limits: rows as of `claim_jobs`, with their keys, and what was met."""
    rows = await connection.fetch(
        statement(_PACKAGE, "claim_limited_jobs"),
        [one.queue for one in ranges],
        [int(one.priority) for one in ranges],
        [one.after[0] for one in ranges],
        [one.after[1] for one in ranges],
        [one.age for one in ranges],
        [one.limit for one in ranges],
        now,
        kinds,
        limit,
        worker_id,
        [2 * number for number in range(1, len(ranges) + 1)],
        [one.queue for one in plan.ranges],
        [int(one.priority) for one in plan.ranges],
        [one.rank for one in plan.ranges],
        [one.start for one in plan.ranges],
        [one.age for one in plan.ranges],
        [one.aged_limit for one in plan.ranges],
        [number for number, _, _ in plan.known],
        [key for _, key, _ in plan.known],
        [place[0] for _, _, place in plan.known],
        [place[1] for _, _, place in plan.known],
        plan.width,
    )
    met = cast("Mapping[str, Any]", msgspec.json.decode(rows.pop()["args"]))
    return rows, met


class LimitedClaims:
    """Claims within limits on a session of its own, opened when it is first needed."""

    def __init__(self, pool: ConnectionPool, cursor: KeyCursor) -> None:
        self.cursor = cursor
        self._session = Session(pool, "limited fetcher", **LIMITED_SESSION)

    async def claim(
        self,
        ranges: Sequence[Range],
        *,
        kinds: Sequence[str],
        limit: int,
        worker_id: int,
        now: datetime | None,
        is_sweep: bool,
    ) -> list[Row]:
        """Claims, and remembers where the next claim begins. A sweep is of ranges alone: any walk of keys is one."""
        moment = time.monotonic()
        plan = KeyPlan() if is_sweep else self.cursor.plan(ranges, limit, now=moment)
        async with self._session.use() as connection:
            rows, met = await claim_limited_jobs(
                connection, ranges, plan, kinds=kinds, limit=limit, worker_id=worker_id, now=now
            )
        if not is_sweep:
            is_full = len(rows) >= limit - limit // 8
            self.cursor.note(plan, rows, met, is_full=is_full, now=time.monotonic())
        return rows

    async def close(self) -> None:
        await self._session.close()
