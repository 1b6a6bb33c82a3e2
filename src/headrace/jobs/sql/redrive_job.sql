-- Brings ended jobs back with their history: the outcome gives way to a fresh run, due now, with all attempts before it. One that
-- has dependencies is held until `count_dependencies` has looked at them. What its parent has counted is taken back by
-- `uncount_ended`.
-- Index: outcome_pkey, locked in id order; nobody changes an outcome, so the locks meet no newer row. job_pkey, run_pkey.
WITH wanted AS MATERIALIZED (
    SELECT job_id FROM headrace.outcome
    WHERE job_id = ANY ($1::uuid[]) AND state <> 'completed' ORDER BY job_id FOR UPDATE
), gone AS (
    DELETE FROM headrace.outcome USING wanted WHERE outcome.job_id = wanted.job_id
    RETURNING outcome.job_id, outcome.error ->> 'type' IS DISTINCT FROM 'headrace.NotNeeded' AS is_failure
)
INSERT INTO headrace.run (job_id, queue, kind, priority, run_at, parent_id, state, waits_for, has_dependents,
                          limit_key, weight)
SELECT id, queue, kind, priority, coalesce($2::timestamptz, statement_timestamp()), parent_id,
       CASE WHEN is_dependent THEN 'held' ELSE 'waiting' END::headrace.run_state, is_dependent::integer, true,
       limit_key, weight
FROM (
    SELECT job.*, EXISTS (SELECT FROM headrace.dependency WHERE dependency.job_id = job.id) AS is_dependent
    FROM gone JOIN headrace.job ON job.id = gone.job_id
) AS body
RETURNING job_id, waits_for > 0 AS is_dependent, parent_id, job_id IN (SELECT job_id FROM gone WHERE is_failure) AS is_failure
