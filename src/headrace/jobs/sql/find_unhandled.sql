-- The kinds among the first due jobs of every queue and priority that neither this worker nor any other living one handles.
-- Index: run_claim and run_claim_keyed: a probe to find each queue and priority, then a bounded walk from its beginning.
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
)
SELECT DISTINCT front.kind
FROM (
    SELECT one.kind FROM lane CROSS JOIN LATERAL (
        SELECT run.kind FROM headrace.run
        WHERE run.state = 'waiting' AND run.limit_key IS NULL AND run.queue = lane.queue AND run.priority = lane.priority
          AND run.run_at <= coalesce($2::timestamptz, statement_timestamp())
        ORDER BY run.run_at, run.job_id LIMIT $3
    ) AS one
    UNION ALL
    SELECT one.kind FROM keyed_lane CROSS JOIN LATERAL (
        SELECT run.kind, run.run_at FROM headrace.run
        WHERE run.state = 'waiting' AND run.limit_key IS NOT NULL
          AND run.queue = keyed_lane.queue AND run.priority = keyed_lane.priority
        ORDER BY run.limit_key, run.run_at, run.job_id LIMIT $3
    ) AS one WHERE one.run_at <= coalesce($2::timestamptz, statement_timestamp())
) AS front
WHERE front.kind <> ALL ($1::text[]) AND NOT EXISTS (SELECT FROM headrace.worker WHERE front.kind = ANY (worker.kinds))
