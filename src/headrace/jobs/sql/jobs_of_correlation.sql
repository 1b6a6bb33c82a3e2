-- The jobs of one correlation, in order of their ids, with how they stand.
-- Index: job_correlation; run_pkey and outcome_pkey for each.
SELECT job.id, job.kind, job.parent_id, job.causation_id, job.causation_kind, job.created_at, state.state, state.attempt,
       state.claimed_at, state.ended_at, state.duration
FROM headrace.job
CROSS JOIN LATERAL (
    SELECT CASE
               WHEN run.state = 'processing' THEN 'processing'
               WHEN run.run_at > statement_timestamp() OR run.waits_for > 0 THEN 'scheduled'
               ELSE 'pending'
           END AS state, run.attempt, run.claimed_at, NULL::timestamptz AS ended_at, NULL::interval AS duration
    FROM headrace.run WHERE run.job_id = job.id
    UNION ALL
    SELECT outcome.state::text, outcome.attempt, outcome.claimed_at, outcome.ended_at, outcome.duration
    FROM headrace.outcome WHERE outcome.job_id = job.id
) AS state
WHERE job.correlation_id = $1 ORDER BY job.id LIMIT $2
