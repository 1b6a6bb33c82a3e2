"""The hot statements keep their plans at 200k jobs, with statistics of an empty table and of a full one."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from fix_plans import explain, hurry, nodes, scans
from headrace.db.statements import statement
from headrace.jobs import store
from headrace.jobs.cursor import ClaimCursor

pytestmark = pytest.mark.timeout(60)

ROWS = 200_000
BATCH = 200


async def fill(
    connection: asyncpg.Connection,
    *,
    count: int = ROWS,
    priority: int = 2,
    due: str = "-1 hour",
    has_bodies: bool = True,
) -> None:
    """Waiting jobs, due one after the other at intervals of a millisecond, from `due` on."""
    await connection.execute(
        """
        WITH made AS MATERIALIZED (
            SELECT gen_random_uuid() AS id, n FROM generate_series(1, $1::int) AS n
        ), new AS MATERIALIZED (
            -- Version 7, of now: they must fall into today's partition.
            SELECT (substr(headrace.uuid7_floor(now())::text, 1, 13) || substr(id::text, 14))::uuid AS id, n FROM made
        ), body AS (
            INSERT INTO headrace.job (id, kind, queue, priority, args, max_attempts, correlation_id)
            SELECT id, 'any', 'default', $2, '{}', 3, id FROM new WHERE $4
        )
        INSERT INTO headrace.run (job_id, queue, kind, priority, run_at)
        SELECT id, 'default', 'any', $2, now() + $3::text::interval + n * interval '1 millisecond' FROM new
        """,
        count,
        priority,
        due,
        has_bodies,
    )


@pytest.fixture(params=["stale", "fresh"])
async def filled(request, connection: asyncpg.Connection) -> asyncpg.Connection:
    """A session in a database of 200k due jobs, with statistics from before or after they came."""
    await hurry(connection)
    for table in ("run", "job"):
        await connection.execute(f"ANALYZE headrace.{table}")
    await connection.execute("ALTER TABLE headrace.run SET (autovacuum_enabled = off)")
    await fill(connection)
    if request.param == "fresh":
        await connection.execute("ANALYZE headrace.run; ANALYZE headrace.job")
    return connection


def claim_args(cursor: ClaimCursor, *, limit: int = BATCH, is_sweep: bool = False) -> tuple[object, ...]:
    """The arguments of a claim, as the store gives them."""
    seen: list[tuple[object, ...]] = []

    class Recorder:
        async def fetch(self, _query: str, *args: object) -> list[object]:
            seen.append(args)
            return []

    ranges = cursor.plan(limit, is_sweep=is_sweep)
    running = store.claim_jobs(Recorder(), ranges, kinds=["any"], limit=limit, worker_id=1)
    with pytest.raises(StopIteration):
        running.send(None)
    return seen[0]


async def moved_cursor(connection: asyncpg.Connection, rounds: int = 5) -> ClaimCursor:
    """A cursor that has claimed a few batches."""
    cursor = ClaimCursor(["default"])
    for _ in range(rounds):
        ranges = cursor.plan(BATCH, is_sweep=False)
        rows = await store.claim_jobs(connection, ranges, kinds=["any"], limit=BATCH, worker_id=1)
        assert len(rows) >= BATCH * 7 // 8
        cursor.advance((row["queue"], row["priority"], row["run_at"], row["job_id"]) for row in rows)
    return cursor


def assert_claim_plan(plan: dict[str, Any]) -> None:
    run = scans(plan, "run")
    assert {index for kind, index in run if index is not None} == {"run_claim", "run_pkey"}, run
    assert not [kind for kind, _ in run if kind == "Seq Scan"], run
    assert not [kind for kind, _ in scans(plan, "job") if kind == "Seq Scan"], scans(plan, "job")
    joins = {node["Node Type"] for node in nodes(plan)} & {"Hash Join", "Merge Join"}
    assert not joins, "the bodies are looked up one by one, however large the batch"


async def test_claims_and_completions_find_their_rows_by_index_at_any_batch_size(filled):
    cursor = await moved_cursor(filled)
    plan = await explain(filled, "claim_jobs", claim_args(cursor))
    assert_claim_plan(plan)
    assert BATCH * 7 // 8 <= plan["Actual Rows"] <= BATCH
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < BATCH * 40
    assert_claim_plan(await explain(filled, "claim_jobs", claim_args(cursor, limit=1_000)))
    for size in (20, 800):
        plan = await explain(filled, "finish_jobs", await finish_args(filled, size))
        assert set(scans(plan, "run")) == {("Index Scan", "run_pkey")}


async def finish_args(connection: asyncpg.Connection, count: int) -> tuple[object, ...]:
    """The arguments that complete so many of the jobs held."""
    rows = await connection.fetch(
        "SELECT job_id, lease FROM headrace.run WHERE state = 'processing' ORDER BY job_id LIMIT $1", count
    )
    assert len(rows) == count
    nothing = [None] * count
    return (
        [row["job_id"] for row in rows],
        [row["lease"] for row in rows],
        ["completed"] * count,
        [timedelta(0)] * count,
        nothing,
        nothing,
        nothing,
        None,
        [],
    )


@pytest.mark.slow
async def test_jobs_not_yet_due_and_less_urgent_ones_cost_a_claim_nothing(connection):
    await hurry(connection)
    await connection.execute("ALTER TABLE headrace.run SET (autovacuum_enabled = off)")
    await fill(connection, priority=1, due="1 hour", has_bodies=False)
    await fill(connection, priority=3, due="-1 minute", has_bodies=False)
    await fill(connection, priority=1, due="-1 hour", count=50)
    await connection.execute("VACUUM ANALYZE headrace.run")
    for is_sweep in (False, True):
        plan = await explain(
            connection, "claim_jobs", claim_args(ClaimCursor(["default"]), limit=50, is_sweep=is_sweep)
        )
        assert plan["Actual Rows"] == 50
        assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 50 * 40, "as few as without the 400k others"


async def test_claims_from_the_cursor_do_not_walk_over_what_was_claimed_before(connection):
    """A snapshot held open keeps every dead entry; the cursor passes them by."""
    await hurry(connection)
    await connection.execute("ALTER TABLE headrace.run SET (autovacuum_enabled = off)")
    await fill(connection, count=50_000)
    costs = []
    cursor = ClaimCursor(["default"], ageing=None)
    for _ in range(40):
        args = claim_args(cursor, limit=1_000)
        if len(costs) in {0, 39}:
            plan = await explain(connection, "claim_jobs", args)
            costs.append(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])
        else:
            costs.append(0)
        rows = await connection.fetch(statement("headrace.jobs", "claim_jobs"), *args)
        cursor.advance((row["queue"], row["priority"], row["run_at"], row["job_id"]) for row in rows)
        assert len(rows) == 1_000
    assert costs[-1] < costs[0] * 1.5, f"from {costs[0]} to {costs[-1]} blocks"


SINGLE = [
    ("cancel_jobs", ([UUID(int=1)], "{}", "x"), "run_pkey"),
    ("find_living", ([UUID(int=1)],), "run_pkey"),
    ("await_run", (UUID(int=1),), "run_pkey"),
    ("hasten_job", (UUID(int=1), None), "run_pkey"),
    ("find_cancel_requests", (1,), "run_held_by"),
    ("release_unheard", (1, 0, []), "run_held_by"),
    ("find_running", (["a"],), "run_unique_key"),
    ("show_job", (UUID(int=1),), "run_pkey"),
]


async def test_statements_about_single_jobs_use_their_index(connection):
    await connection.execute("ALTER TABLE headrace.run SET (autovacuum_enabled = off)")
    await fill(connection, count=20_000)
    await connection.execute(
        """
        UPDATE headrace.run SET state = 'processing', lease = 1, attempt = 1, unique_key = job_id::text,
            worker_id = hashtext(job_id::text) & 63
        WHERE hashtext(job_id::text) & 1 = 0
        """
    )
    await connection.execute("ANALYZE headrace.run; ANALYZE headrace.job")
    used = {
        name: {index for _, index in scans(await explain(connection, name, args), "run")} for name, args, _ in SINGLE
    }
    assert used == {name: {index} for name, _, index in SINGLE}
