"""What tests of limits share: jobs with keys in the database, claims under limits, and what every key holds."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from headrace import Job
from headrace.jobs import store
from headrace.jobs.cursor import ClaimCursor
from headrace.jobs.enqueue import prepare
from headrace.jobs.job import Claim
from headrace.jobs.key_cursor import KeyCursor
from headrace.jobs.limit import Rate, Rule
from headrace.jobs.limit_rules import set_rule
from headrace.jobs.limited_claims import LIMITED_SESSION, claim_limited_jobs
from headrace.jobs.outcome import Again, Ended
from headrace.jobs.registry import describe
from headrace.jobs.store import Settlement

KIND = describe("any", None, job_type=Job)


class LimitBench:
    """One session, as a fetcher has it."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self.connection = connection

    async def rule(self, name: str, concurrency: int | None = None, rate: Rate | None = None) -> None:
        await set_rule(self.connection, Rule(name, concurrency, rate), by="test")

    async def put(self, key: str | None, count: int = 1, *, now: datetime | None = None, **options: Any) -> list[UUID]:
        """Stores so many jobs with a key; their ids, in order."""
        jobs = [prepare(KIND, None, limit_key=key, **options) for _ in range(count)]
        async with self.connection.transaction():
            await store.insert_jobs(self.connection, jobs, now=now)
        return [job.id for job in jobs]

    async def claim(
        self, limit: int = 100, *, worker: int = 1, now: datetime | None = None, cursor: KeyCursor | None = None
    ) -> list[Claim]:
        """Claims as a fetcher does, walking all keys."""
        return [claim for claim, _ in await self.claim_keys(limit, worker=worker, now=now, cursor=cursor)]

    async def claim_keys(
        self,
        limit: int = 100,
        *,
        worker: int = 1,
        now: datetime | None = None,
        cursor: KeyCursor | None = None,
        queues: Sequence[str] = ("default",),
    ) -> list[tuple[Claim, str | None]]:
        """The same, with the key of each."""
        ranges = ClaimCursor(queues).plan(limit, is_sweep=True)
        plan = (cursor or KeyCursor(queues)).plan(ranges, limit, now=0.0)
        rows, self.met = await claim_limited_jobs(
            self.connection, ranges, plan, kinds=["any"], limit=limit, worker_id=worker, now=now
        )
        return [(Claim(row["job_id"], row["attempt"], row["lease"]), row["limit_key"]) for row in rows]

    async def finish(self, claims: Sequence[Claim]) -> None:
        ended = [Settlement(claim, Ended("completed"), timedelta(0)) for claim in claims]
        assert await store.finish_jobs(self.connection, ended) == {claim.job_id for claim in claims}

    async def release(self, claims: Sequence[Claim], *, has_begun: bool) -> None:
        again = [Settlement(one, Again(None, counts=False, has_begun=has_begun), timedelta(0)) for one in claims]
        assert await store.release_jobs(self.connection, again) == {claim.job_id for claim in claims}

    async def held(self) -> dict[str, int]:
        """The slots held of every key, none left out that holds any."""
        rows = await self.connection.fetch(
            "SELECT key, held FROM headrace.limit_standing(ARRAY(SELECT key FROM headrace.limit_key), now())"
        )
        return {row["key"]: row["held"] for row in rows if row["held"]}


@pytest.fixture
async def limits(connection: asyncpg.Connection) -> LimitBench:
    """A session that claims under limits."""
    for name, value in LIMITED_SESSION.items():
        await connection.execute(f"SET {name} = {value}")
    return LimitBench(connection)
