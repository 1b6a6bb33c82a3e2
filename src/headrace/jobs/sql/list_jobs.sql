-- The newest stored jobs with their state, filtered; a page ends before an id.
-- Index: job_pkey backwards; of one correlation job_correlation, of one parent job_parent; run_pkey and outcome_pkey for each row. A filter
-- on another rare value walks until the page is full.
SELECT job.id, job.kind, job.queue, job.priority, job.parent_id, job.created_at, state.state, state.attempt,
       job.max_attempts, state.run_at, state.error
FROM (
    SELECT * FROM headrace.job WHERE job.correlation_id = $5::uuid
    UNION ALL
    SELECT * FROM headrace.job WHERE $5 IS NULL AND job.parent_id = $4::uuid
    UNION ALL
    SELECT * FROM headrace.job WHERE $5 IS NULL AND $4 IS NULL
) AS job
CROSS JOIN LATERAL (
    SELECT CASE
               WHEN run.state = 'processing' THEN 'processing'
               WHEN run.run_at > statement_timestamp() OR run.waits_for > 0 THEN 'scheduled'
               ELSE 'pending'
           END AS state, run.attempt, run.run_at,
           (SELECT failure.error ->> 'message' FROM headrace.failure WHERE failure.job_id = run.job_id
            ORDER BY failure.lease DESC LIMIT 1) AS error
    FROM headrace.run WHERE run.job_id = job.id
    UNION ALL
    SELECT outcome.state::text, outcome.attempt, outcome.run_at, outcome.error ->> 'message'
    FROM headrace.outcome WHERE outcome.job_id = job.id
) AS state
WHERE ($1::text IS NULL OR job.kind = $1)
  AND ($2::text IS NULL OR job.queue = $2)
  AND ($3::text[] IS NULL OR state.state = ANY ($3))
  AND ($4 IS NULL OR job.parent_id = $4)
  AND ($6::uuid IS NULL OR job.causation_id = $6)
  AND job.id < coalesce($7::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
ORDER BY job.id DESC
LIMIT $8
