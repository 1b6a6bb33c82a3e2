-- The kinds among the first due jobs of every queue and priority that neither this worker nor any other living one handles.
-- Index: run_claim: a probe to find each queue and priority, then a bounded walk from its beginning.
WITH RECURSIVE lane AS (
    (SELECT queue, priority FROM headrace.run WHERE state = 'waiting' ORDER BY queue, priority LIMIT 1)
    UNION ALL
    SELECT following.queue, following.priority FROM lane CROSS JOIN LATERAL (
        SELECT run.queue, run.priority FROM headrace.run
        WHERE run.state = 'waiting' AND (run.queue, run.priority) > (lane.queue, lane.priority)
        ORDER BY run.queue, run.priority LIMIT 1
    ) AS following
)
SELECT DISTINCT front.kind
FROM lane CROSS JOIN LATERAL (
    SELECT run.kind FROM headrace.run
    WHERE run.state = 'waiting' AND run.queue = lane.queue AND run.priority = lane.priority
      AND run.run_at <= coalesce($2::timestamptz, statement_timestamp())
    ORDER BY run.run_at, run.job_id LIMIT $3
) AS front
WHERE front.kind <> ALL ($1::text[]) AND NOT EXISTS (SELECT FROM headrace.worker WHERE front.kind = ANY (worker.kinds))
