"""Claims within limits: the statement, its session, and what it tells beside the jobs."""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple, cast

import msgspec

from headrace.db.connection import Connection, Row
from headrace.db.pool import ConnectionPool
from headrace.db.session import Session
from headrace.db.statements import statement
from headrace.jobs.cursor import NO_AGE, Range, columns, trimmed
from headrace.jobs.job import Priority
from headrace.jobs.key_cursor import KeyCursor, KeyPlan
from headrace.jobs.outlook import Outlook

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
    tells_outlook: bool = False,
) -> tuple[list[Row], Mapping[str, Any]]:
    """Claims up to `limit` due jobs within limits: rows as of `claim_jobs`, with their keys, and what was met.

    With `tells_outlook` what was met has the `outlook` of `next_due`.
    """
    rows = await connection.fetch(
        statement(_PACKAGE, "claim_limited_jobs"),
        *columns(ranges, limit=limit),
        now,
        kinds,
        limit,
        worker_id,
        [one.queue for one in plan.ranges],
        [int(one.priority) for one in plan.ranges],
        [one.rank for one in plan.ranges],
        trimmed([one.start for one in plan.ranges], usual=""),
        trimmed([one.age if one.aged_limit else NO_AGE for one in plan.ranges], usual=NO_AGE),
        trimmed([one.aged_limit for one in plan.ranges], usual=0),
        [number for number, _, _ in plan.known],
        [key for _, key, _ in plan.known],
        [place[0] for _, _, place in plan.known],
        [place[1] for _, _, place in plan.known],
        plan.width,
        tells_outlook,
    )
    met = cast("Mapping[str, Any]", msgspec.json.decode(rows.pop()["args"]))
    return rows, met


class Claimed(NamedTuple):
    """What a claim came to. Where it `has_spent` slots or tokens, what is left is told by the next."""

    rows: list[Row]
    has_spent: bool
    outlook: Outlook | None


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
        has_keys: bool,
        tells_outlook: bool,
    ) -> Claimed:
        """Claims, and remembers where the next claim begins; without `has_keys` from ranges alone.

        With `tells_outlook` it also tells what an idle worker looks at, as of the beginning of the claim.
        """
        moment = time.monotonic()
        plan = self.cursor.plan(ranges, limit, now=moment) if has_keys else KeyPlan()
        async with self._session.use() as connection:
            rows, met = await claim_limited_jobs(
                connection,
                ranges,
                plan,
                kinds=kinds,
                limit=limit,
                worker_id=worker_id,
                now=now,
                tells_outlook=tells_outlook,
            )
        if has_keys:
            is_full = len(rows) >= limit - limit // 8
            self.cursor.note(plan, rows, met, is_full=is_full, now=time.monotonic())
        return Claimed(rows, met["spends"], _outlook(met["outlook"]) if tells_outlook else None)

    async def close(self) -> None:
        await self._session.close()


def _outlook(told: Mapping[str, Any]) -> Outlook:
    rest = told["rest"]
    return Outlook(
        rest=None if rest is None else timedelta(seconds=rest),
        keyed=frozenset((queue, Priority(priority)) for queue, priority in told["keyed"] or ()),
        limited=frozenset(told["limited"] or ()),
    )
