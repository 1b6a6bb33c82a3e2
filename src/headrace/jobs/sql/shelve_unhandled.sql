-- Takes the due jobs of these kinds, as far as no living worker handles them, out of the claimable index: those among the first of
-- every queue and priority.
-- Index: run_claim and run_claim_keyed, as in find_unhandled; then run_pkey, locked in id order without waiting.
WITH RECURSIVE lane AS (
    (SELECT queue, priority FROM headrace.run WHERE state = 'waiting' AND limit_key IS NULL ORDER BY queue, priority LIMIT 1)
    UNION ALL
    SELECT following.queue, following.priority FROM lane CROSS JOIN LATERAL (
        SELECT run.queue, run.priority FROM headrace.run
        WHERE run.state = 'waiting' AND run.limit_key IS NULL AND (run.queue, run.priority) > (lane.queue, lane.priority)
        ORDER BY run.queue, run.priority LIMIT 1
    ) AS following
), keyed_lane AS (
    (SELECT queue, priority FROM headrace.run WHERE state = 'waiting' AND limit_key IS NOT NULL ORDER BY queue, priority LIMIT 1)
    UNION ALL
    SELECT following.queue, following.priority FROM keyed_lane CROSS JOIN LATERAL (
        SELECT run.queue, run.priority FROM headrace.run
        WHERE run.state = 'waiting' AND run.limit_key IS NOT NULL
          AND (run.queue, run.priority) > (keyed_lane.queue, keyed_lane.priority)
        ORDER BY run.queue, run.priority LIMIT 1
    ) AS following
), unhandled AS MATERIALIZED (
    SELECT kind FROM unnest($1::text[]) AS kind
    WHERE NOT EXISTS (SELECT FROM headrace.worker WHERE kind = ANY (worker.kinds))
), front AS MATERIALIZED (
    SELECT one.job_id FROM lane CROSS JOIN LATERAL (
        SELECT run.job_id, run.kind FROM headrace.run
        WHERE run.state = 'waiting' AND run.limit_key IS NULL AND run.queue = lane.queue AND run.priority = lane.priority
          AND run.run_at <= coalesce($2::timestamptz, statement_timestamp())
        ORDER BY run.run_at, run.job_id LIMIT $3
    ) AS one WHERE one.kind IN (SELECT kind FROM unhandled)
    UNION ALL
    SELECT one.job_id FROM keyed_lane CROSS JOIN LATERAL (
        SELECT run.job_id, run.kind, run.run_at FROM headrace.run
        WHERE run.state = 'waiting' AND run.limit_key IS NOT NULL
          AND run.queue = keyed_lane.queue AND run.priority = keyed_lane.priority
        ORDER BY run.limit_key, run.run_at, run.job_id LIMIT $3
    ) AS one
    WHERE one.kind IN (SELECT kind FROM unhandled) AND one.run_at <= coalesce($2::timestamptz, statement_timestamp())
), chosen AS MATERIALIZED (
    SELECT run.job_id FROM headrace.run
    WHERE run.job_id = ANY (ARRAY(SELECT job_id FROM front)) AND run.state = 'waiting'
    ORDER BY run.job_id FOR UPDATE SKIP LOCKED
)
UPDATE headrace.run SET state = 'held', shelved_at = coalesce($2::timestamptz, statement_timestamp())
FROM chosen WHERE run.job_id = chosen.job_id
