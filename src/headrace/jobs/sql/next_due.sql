-- How long until the next waiting job of these queues is due; NULL where none waits for later.
-- Index: run_claim, one probe a queue and priority.
SELECT min(later.run_at) - coalesce($2::timestamptz, statement_timestamp())
FROM unnest($1::text[]) AS queue CROSS JOIN generate_series(0, 3) AS priority CROSS JOIN LATERAL (
    SELECT run.run_at FROM headrace.run
    WHERE run.state = 'waiting' AND run.queue = queue AND run.priority = priority
      AND run.run_at > coalesce($2::timestamptz, statement_timestamp())
    ORDER BY run.run_at, run.job_id LIMIT 1
) AS later
