"""Claims under limits find their rows by index, and what is held back costs the others nothing."""

from collections.abc import Sequence
from typing import Any

import asyncpg
import pytest

from fix_limits import LimitBench
from fix_plans import blocks, explain, hurry, scans
from headrace.jobs.cursor import ClaimCursor, Range
from headrace.jobs.key_cursor import KeyCursor, KeyPlan
from headrace.jobs.limited_claims import LIMITED_SESSION, claim_limited_jobs

pytestmark = pytest.mark.timeout(60)

BATCH = 200


async def fill(connection: asyncpg.Connection, count: int, *, keys: int, name: str = "gmail") -> None:
    """Due jobs, one after the other of each key in turn; without keys where there are none."""
    await connection.execute(
        """
        WITH new AS MATERIALIZED (
            SELECT n, (substr(headrace.uuid7_floor(now())::text, 1, 13) || substr(gen_random_uuid()::text, 14))::uuid
                AS id
            FROM generate_series(1, $1::int) AS n
        ), body AS (
            INSERT INTO headrace.job (id, kind, queue, priority, args, max_attempts, correlation_id)
            SELECT id, 'any', 'default', 2, '{}', 3, id FROM new
        )
        INSERT INTO headrace.run (job_id, queue, kind, priority, run_at, limit_key)
        SELECT id, 'default', 'any', 2, now() - interval '1 hour' + n * interval '1 millisecond',
               CASE WHEN $2 > 0 THEN $3 || ':' || n % $2 END FROM new
        """,
        count,
        keys,
        name,
    )


async def sessions(connection: asyncpg.Connection) -> None:
    await connection.execute("ALTER TABLE headrace.run SET (autovacuum_enabled = off)")
    for name, value in LIMITED_SESSION.items():
        await connection.execute(f"SET {name} = {value}")


def claim_args(ranges: Sequence[Range], plan: KeyPlan, limit: int = BATCH) -> tuple[object, ...]:
    """The arguments of a claim, as the store gives them."""
    seen: list[tuple[object, ...]] = []

    class Recorder:
        async def fetch(self, _query: str, *args: object) -> list[Any]:
            seen.append(args)
            return [{"args": "{}"}]

    running = claim_limited_jobs(Recorder(), ranges, plan, kinds=["any"], limit=limit, worker_id=1)
    with pytest.raises(StopIteration):
        running.send(None)
    return seen[0]


def planned(cursor: KeyCursor, limit: int = BATCH) -> tuple[list[Range], KeyPlan]:
    ranges = ClaimCursor(["default"]).plan(limit, is_sweep=True)
    return ranges, cursor.plan(ranges, limit, now=0.0)


@pytest.mark.parametrize("statistics", ["stale", pytest.param("fresh", marks=pytest.mark.slow)])
async def test_a_claim_under_limits_reads_by_index_alone(connection, statistics):
    await sessions(connection)
    await connection.execute("ANALYZE headrace.run; ANALYZE headrace.job; ANALYZE headrace.limit_key")
    limits = LimitBench(connection)
    await limits.rule("gmail", 1_000_000)
    await limits.claim(BATCH)  # planned while the tables are empty, and the plan is kept
    await fill(connection, 100_000, keys=100)
    await fill(connection, 50_000, keys=0)
    await limits.claim(BATCH)
    if statistics == "fresh":
        await connection.execute("ANALYZE headrace.run; ANALYZE headrace.job; ANALYZE headrace.limit_key")
    plan = await explain(connection, "claim_limited_jobs", claim_args(*planned(KeyCursor(["default"]))))
    used = {index for kind, index in scans(plan, "run")}
    assert used == {"run_claim", "run_claim_keyed", "run_pkey"}, scans(plan, "run")
    assert not [kind for kind, _ in scans(plan, "job") if kind == "Seq Scan"]
    assert {index for _, index in scans(plan, "limit_key")} == {"limit_key_pkey"}
    assert plan["Actual Rows"] == BATCH + 1
    assert blocks(plan) < BATCH * 60


@pytest.mark.slow
async def test_a_hundred_thousand_jobs_held_back_cost_a_claim_of_others_nothing(connection):
    await sessions(connection)
    limits = LimitBench(connection)
    await limits.rule("gmail", 1)
    await fill(connection, 4, keys=2)
    assert {key for _, key in await limits.claim_keys()} == {"gmail:0", "gmail:1"}, "both are full now"
    await fill(connection, 300, keys=0)
    await fill(connection, 300, keys=10, name="free")

    async def cost() -> int:
        plan = await explain(connection, "claim_limited_jobs", claim_args(*planned(KeyCursor(["default"]))))
        assert plan["Actual Rows"] == BATCH + 1
        return blocks(plan)

    await connection.execute("VACUUM ANALYZE headrace.run")
    before = await cost()
    await fill(connection, 100_000, keys=2)
    await connection.execute("VACUUM ANALYZE headrace.run")
    assert await cost() < before * 1.5, "the indexes are one level deeper, and that is all"
    claimed = [key for _, key in await limits.claim_keys(BATCH)]
    assert len(claimed) == BATCH
    assert not {"gmail:0", "gmail:1"} & set(claimed)


async def test_claims_without_limits_do_not_meet_the_jobs_held_back(connection):
    await hurry(connection)
    await fill(connection, 100_000, keys=2)
    await fill(connection, 300, keys=0)
    await connection.execute("VACUUM ANALYZE headrace.run")
    ranges = ClaimCursor(["default"]).plan(BATCH, is_sweep=True)
    plan = await explain(connection, "claim_jobs", claim_args(ranges, KeyPlan())[:10])
    assert plan["Actual Rows"] == BATCH
    assert blocks(plan) < BATCH * 40
    assert "run_claim_keyed" not in {index for _, index in scans(plan, "run")}


async def test_claims_of_known_keys_do_not_walk_over_what_was_claimed_before(connection, database):
    """A snapshot held open keeps every dead entry. Walks cost more and more, and are rationed; other claims do not."""
    await sessions(connection)
    await fill(connection, 30_000, keys=10)
    cursor = KeyCursor(["default"], ageing=None)
    costs: list[int] = []
    walked: list[int] = []
    holder = await asyncpg.connect(database)
    try:
        snapshot = holder.transaction(isolation="repeatable_read")
        await snapshot.start()
        await holder.fetchval("SELECT count(*) FROM headrace.run")
        now = 0.0
        for turn in range(50):
            ranges = ClaimCursor(["default"], ageing=None).plan(BATCH, is_sweep=True)[2:3]
            if turn in {10, 49}:
                walk = cursor.plan(ranges, BATCH, now=float("inf"))
                walked.append(blocks(await explain(connection, "claim_limited_jobs", claim_args(ranges, walk))))
            # A clock that stands still lets only the first claim walk.
            plan = cursor.plan(ranges, BATCH, now=now)
            assert bool(plan.known) == (turn > 0)
            args = claim_args(ranges, plan)
            if turn in {10, 49}:
                costs.append(blocks(await explain(connection, "claim_limited_jobs", args)))
            rows, met = await claim_limited_jobs(connection, ranges, plan, kinds=["any"], limit=BATCH, worker_id=1)
            assert len(rows) == BATCH
            cursor.note(plan, rows, {**met, "seconds": 1.0}, is_full=True, now=now)
        await snapshot.rollback()
    finally:
        holder.terminate()
    assert walked[1] > walked[0] + 1_000, "or else there is nothing to pass by"
    assert costs[1] < costs[0] * 1.2, f"from {costs[0]} to {costs[1]} blocks"
