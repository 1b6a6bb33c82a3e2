"""What must be true after a soak, whatever befell it: asked of the database alone."""

from datetime import timedelta
from itertools import pairwise

import asyncpg

from fix_schedules import fired_at

_ENDS = {"discarded": "failed", "exhausted": "dead"}

# Each query answers the rows that break a rule.
_BROKEN = {
    "every job has an outcome": """
        SELECT job.id, job.kind FROM headrace.job LEFT JOIN headrace.outcome ON outcome.job_id = job.id
        WHERE outcome.job_id IS NULL""",
    "no outcome stands twice, or without a job": """
        SELECT outcome.job_id FROM headrace.outcome LEFT JOIN headrace.job ON job.id = outcome.job_id
        GROUP BY 1 HAVING count(*) > 1 OR count(job.id) = 0""",
    "nothing is alive": "SELECT job_id, kind, state FROM headrace.run",
    "no worker is left": "SELECT id, heartbeat_at FROM headrace.worker",
    "no dependency is open": "SELECT * FROM headrace.dependency WHERE is_open",
    "parents know their children and how they ended": """
        SELECT progress.job_id, child_count, ended_count, failed_count, children.*
        FROM headrace.progress LEFT JOIN LATERAL (
            SELECT count(*) AS made, count(*) FILTER (WHERE outcome.state <> 'completed') AS failed
            FROM headrace.job JOIN headrace.outcome ON outcome.job_id = job.id WHERE job.parent_id = progress.job_id
        ) AS children ON true
        WHERE child_count <> made OR ended_count <> made OR failed_count <> failed""",
    "every child has a parent that counts it": """
        SELECT id FROM headrace.job WHERE parent_id IS NOT NULL
          AND NOT EXISTS (SELECT FROM headrace.progress WHERE job_id = parent_id)""",
    "a lost worker costs no attempt": """
        SELECT job_id, kind, attempt FROM headrace.outcome
        WHERE attempt <> CASE kind WHEN 'flaky' THEN 3 WHEN 'fragile' THEN 3 WHEN 'exhausted' THEN 3 ELSE 1 END
          AND kind NOT IN ('write', 'parent', 'sleepy', 'part', 'process-event')""",
    "a transaction's effect comes with its completion, once": """
        SELECT job_id, count(effect.id) FROM headrace.outcome LEFT JOIN public.effect ON kind = 'write' AND id = job_id
        AND effect.what = 'write' WHERE outcome.kind = 'write' GROUP BY 1 HAVING count(effect.id) <> 1""",
    "each event is handled once in order and once by itself": """
        SELECT event.id, event.position, count(*) FILTER (WHERE what = 'in-order') AS in_order,
               count(*) FILTER (WHERE what = 'one-by-one') AS one_by_one
        FROM headrace.event LEFT JOIN public.effect ON effect.id = event.id
        WHERE event.type = 'soak.written' GROUP BY 1, 2
        HAVING count(*) FILTER (WHERE what = 'in-order') <> 1 OR count(*) FILTER (WHERE what = 'one-by-one') <> 1""",
    "each job that did not complete is told of": """
        SELECT outcome.job_id, outcome.state FROM headrace.outcome LEFT JOIN headrace.event
        ON event.type = 'job.' || outcome.state AND event.causation_id = outcome.job_id
        WHERE outcome.state <> 'completed' AND event.position IS NULL""",
    "what the views show is the fold of each stream": """
        (SELECT key, count, total, last_version, is_whole FROM public.soaked
         EXCEPT ALL SELECT aggregate_id, count(*), sum((data ->> 'number')::bigint), max(stream_version), true
         FROM headrace.event WHERE type = 'soak.written' GROUP BY 1)
        UNION ALL
        (SELECT aggregate_id, count(*), sum((data ->> 'number')::bigint), max(stream_version), true
         FROM headrace.event WHERE type = 'soak.written' GROUP BY 1
         EXCEPT ALL SELECT key, count, total, last_version, is_whole FROM public.soaked)""",
    "every rebuild was found right and shown": """
        SELECT build, state, verdict FROM headrace.projection_build WHERE state NOT IN ('live', 'kept', 'dropped')""",
    "every slot of a limit has come back": """
        SELECT limit_key.key, taken, slots FROM headrace.limit_key LEFT JOIN LATERAL (
            SELECT sum(limit_freed.slots) AS slots FROM headrace.limit_freed WHERE limit_freed.key = limit_key.key
        ) AS freed ON true
        WHERE taken <> coalesce(slots, 0)""",
    "there is an event for each write": """
        SELECT written, told FROM
            (SELECT count(*) AS written FROM headrace.outcome WHERE kind = 'write') AS a,
            (SELECT count(*) AS told FROM headrace.event WHERE type = 'soak.written') AS b
        WHERE written <> told""",
}
_ROOM = 2 * 2**20
_ROOM_OF = {"run": 16 * 2**20}
"""Bytes that a table and its indexes may take whatever is in it: of living jobs what a few thousand at a time need."""
_TIMES_ITS_ROWS = 16

_CHANGED_TABLES = """
    SELECT relname AS name, pg_relation_size(oid) + pg_indexes_size(oid) AS size FROM pg_class
    WHERE relnamespace = 'headrace'::regnamespace AND relkind = 'r' AND NOT relispartition ORDER BY size DESC"""
"""All but the partitions, which are only ever added to and dropped."""


async def complaints(connection: asyncpg.Connection) -> list[str]:
    """What is not as it must be; empty where all is well."""
    found = []
    for rule, query in _BROKEN.items():
        if rows := await connection.fetch(query):
            found.append(f"not so: {rule}; {len(rows)} rows, such as {[tuple(row) for row in rows[:3]]}")
    found += await _wrong_ends(connection)
    found += await _wrong_ticks(connection)
    found += await _left_behind(connection)
    return found


async def _wrong_ends(connection: asyncpg.Connection) -> list[str]:
    rows = await connection.fetch(
        "SELECT outcome.kind, state::text, count(*), min(error ->> 'message') AS error FROM headrace.outcome"
        " WHERE outcome.kind <> 'child' GROUP BY 1, 2"
    )
    return [
        f"{row['count']} jobs of {row['kind']} ended as {row['state']}: {row['error']}"
        for row in rows
        if row["state"] != _ENDS.get(row["kind"], "completed")
    ]


async def _wrong_ticks(connection: asyncpg.Connection) -> list[str]:
    gaps = {later - earlier for earlier, later in pairwise(await fired_at(connection))}
    return [f"ticks are {gap} apart" for gap in gaps - {timedelta(seconds=2)}]


async def _left_behind(connection: asyncpg.Connection) -> list[str]:
    """What has grown without bound, as autovacuum has left it; and what no vacuum can clear away."""
    found = []
    for name, size in await connection.fetch(_CHANGED_TABLES):
        measure = f"SELECT coalesce(sum(pg_column_size(one)), 0) FROM headrace.{name} AS one"
        rows = await connection.fetchval(measure)
        if size > _ROOM_OF.get(name, _ROOM) + _TIMES_ITS_ROWS * rows:
            found.append(f"headrace.{name} and its indexes take {size} bytes for rows of {rows}")
    await connection.execute("VACUUM headrace.run")
    left = await connection.fetchval("SELECT reltuples FROM pg_class WHERE oid = 'headrace.run'::regclass")
    return [*found, f"headrace.run has {left} rows after a vacuum"] if left > 0 else found


_STANDING = {
    "alive": """
        SELECT run.kind, run.state::text, run.worker_id, worker.id IS NOT NULL AS is_registered, count(*),
               min(run_at - now())::text AS due, max(attempt) AS attempt, max(rescue_count) AS rescues,
               (now() - min(claimed_at))::text AS held_for, bool_or(shelved_at IS NOT NULL) AS is_shelved
        FROM headrace.run LEFT JOIN headrace.worker ON worker.id = run.worker_id GROUP BY 1, 2, 3, 4""",
    "workers": """
        SELECT id, pid, (now() - started_at)::text AS age, (now() - heartbeat_at)::text AS beat FROM headrace.worker""",
    "checkpoints": "SELECT subscription, lane, position, last_error ->> 'message' AS error FROM headrace.checkpoint",
    "builds": "SELECT build, state, is_wanted, last_error, verdict::text FROM headrace.projection_build",
    "head": "SELECT position, (SELECT max(position) FROM headrace.event) AS newest FROM headrace.head",
    "sessions": """
        SELECT pid, application_name, state, wait_event, (now() - xact_start)::text AS open_for, left(query, 60)
        FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle'""",
}


async def standing(connection: asyncpg.Connection) -> str:
    """What has not ended, and who has it; for a soak that does not come to its end."""
    lines = []
    for name, query in _STANDING.items():
        lines += [f"{name}:", *(f"  {dict(row)}" for row in await connection.fetch(query))]
    return "\n".join(lines)
