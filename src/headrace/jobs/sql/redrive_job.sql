-- Brings ended jobs back with their history: the outcome gives way to a fresh run, due now, with all attempts before it. One that
-- has dependencies is held until `count_dependencies` has looked at them.
-- Index: outcome_pkey, locked in id order; run_pkey; progress rows of parents, the newest first.
WITH wanted AS MATERIALIZED (
    SELECT job_id FROM headrace.outcome
    WHERE job_id = ANY ($1::uuid[]) AND state <> 'completed' ORDER BY job_id FOR UPDATE
), gone AS (
    DELETE FROM headrace.outcome USING wanted WHERE outcome.job_id = wanted.job_id
    RETURNING outcome.job_id, outcome.error ->> 'type' IS DISTINCT FROM 'headrace.NotNeeded' AS is_failure
), body AS (
    SELECT job.*, gone.is_failure, EXISTS (SELECT FROM headrace.dependency WHERE dependency.job_id = job.id) AS is_dependent
    FROM headrace.job JOIN gone ON gone.job_id = job.id
), family AS MATERIALIZED (
    SELECT progress.job_id FROM headrace.progress
    WHERE progress.job_id IN (SELECT parent_id FROM body) ORDER BY progress.job_id DESC FOR UPDATE
), rolled AS (
    UPDATE headrace.progress
    SET ended_count = progress.ended_count - share.ended_count, failed_count = progress.failed_count - share.failed_count,
        updated_at = clock_timestamp()
    FROM family JOIN (
        SELECT parent_id, count(*) AS ended_count, count(*) FILTER (WHERE is_failure) AS failed_count
        FROM body GROUP BY parent_id
    ) AS share ON share.parent_id = family.job_id
    WHERE progress.job_id = family.job_id
)
INSERT INTO headrace.run (job_id, queue, kind, priority, run_at, parent_id, state, waits_for, has_dependents,
                          limit_key, weight)
SELECT id, queue, kind, priority, coalesce($2::timestamptz, statement_timestamp()), parent_id,
       CASE WHEN is_dependent THEN 'held' ELSE 'waiting' END::headrace.run_state, is_dependent::integer, true,
       limit_key, weight
FROM body
RETURNING job_id, waits_for > 0 AS is_dependent
