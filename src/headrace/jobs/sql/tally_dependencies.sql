-- How many of the jobs that one depends on are in each state.
-- Index: dependency_pkey; run_pkey and outcome_pkey for each.
SELECT CASE
           WHEN outcome.job_id IS NOT NULL THEN outcome.state::text
           WHEN run.state = 'processing' THEN 'processing'
           WHEN run.run_at > statement_timestamp() OR run.waits_for > 0 THEN 'scheduled'
           ELSE 'pending'
       END AS state, count(*) AS count
FROM headrace.dependency
LEFT JOIN headrace.run ON run.job_id = dependency.depends_on
LEFT JOIN headrace.outcome ON outcome.job_id = dependency.depends_on
WHERE dependency.job_id = $1 AND (run.job_id IS NOT NULL OR outcome.job_id IS NOT NULL)
GROUP BY 1
