-- The jobs that one depends on, as they stand now, with their results and errors where these are wanted.
-- Index: dependency_pkey; job_pkey, run_pkey and outcome_pkey for each.
SELECT job.id, dependency.name, job.kind, dependency.on_failed AS policy, dependency.is_open,
       CASE
           WHEN outcome.job_id IS NOT NULL THEN outcome.state::text
           WHEN run.state = 'processing' THEN 'processing'
           WHEN run.run_at > statement_timestamp() OR run.waits_for > 0 THEN 'scheduled'
           ELSE 'pending'
       END AS state,
       CASE WHEN $3::boolean THEN outcome.result::text END AS result,
       CASE WHEN $3 THEN outcome.error::text END AS error
FROM headrace.dependency
JOIN headrace.job ON job.id = dependency.depends_on
LEFT JOIN headrace.run ON run.job_id = job.id
LEFT JOIN headrace.outcome ON outcome.job_id = job.id
WHERE dependency.job_id = $1
ORDER BY dependency.depends_on
LIMIT $2
