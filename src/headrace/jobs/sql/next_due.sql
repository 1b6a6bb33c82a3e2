-- How long until the next waiting job of these queues is due, paused ones left out; NULL where none waits for later.
-- Index: run_claim, one probe a queue and priority; queue_paused.
SELECT min(later.run_at) - coalesce($2::timestamptz, statement_timestamp())
FROM unnest($1::text[]) AS served (queue) CROSS JOIN generate_series(0, 3) AS level (priority) CROSS JOIN LATERAL (
    SELECT run.run_at FROM headrace.run
    WHERE run.state = 'waiting' AND run.queue = served.queue AND run.priority = level.priority
      AND run.run_at > coalesce($2::timestamptz, statement_timestamp())
    ORDER BY run.run_at, run.job_id LIMIT 1
) AS later
WHERE served.queue <> ALL (ARRAY(SELECT name FROM headrace.queue WHERE paused_at IS NOT NULL))
