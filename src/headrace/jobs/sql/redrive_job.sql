-- Brings ended jobs back with their history: the outcome gives way to a fresh run, due now, with all attempts before it. One that
-- has dependencies is held until `count_dependencies` has looked at them. One whose unique key is held, by a job or by the window
-- of another, stays as it ended; so do all but the youngest of those that share one. What the parents of the others have counted
-- is taken back by `uncount_ended`.
-- Index: outcome_pkey, locked in id order; nobody changes an outcome, so the locks meet no newer row. job_pkey; run_unique_key, in
-- key order, and unique_hold_pkey; run_pkey.
WITH wanted AS MATERIALIZED (
    SELECT job_id, error ->> 'type' IS DISTINCT FROM 'headrace.NotNeeded' AS is_failure FROM headrace.outcome
    WHERE job_id = ANY ($1::uuid[]) AND state <> 'completed' ORDER BY job_id FOR UPDATE
), body AS MATERIALIZED (
    SELECT job.id, job.queue, job.kind, job.priority, job.parent_id, job.limit_key, job.weight, job.unique_key, job.unique_while,
           wanted.is_failure, coalesce($2::timestamptz, statement_timestamp()) AS due_at,
           EXISTS (SELECT FROM headrace.dependency WHERE dependency.job_id = job.id) AS is_dependent
    FROM wanted JOIN headrace.job ON job.id = wanted.job_id
), placed AS (
    INSERT INTO headrace.run (job_id, queue, kind, priority, run_at, parent_id, state, waits_for, has_dependents,
                              limit_key, weight, unique_key, unique_while, due_first_at)
    SELECT id, queue, kind, priority, due_at, parent_id,
           CASE WHEN is_dependent THEN 'held' ELSE 'waiting' END::headrace.run_state, is_dependent::integer, true,
           limit_key, weight, unique_key, unique_while, CASE WHEN unique_key IS NOT NULL THEN due_at END
    FROM body
    WHERE unique_key IS NULL
       -- A holder that is there is not waited for: who just ends it may wait for what this holds. One being stored is.
       OR NOT EXISTS (SELECT FROM headrace.run WHERE run.unique_key = body.unique_key)
      AND NOT EXISTS (
           SELECT FROM headrace.unique_hold
           WHERE unique_hold.unique_key = body.unique_key AND unique_hold.until > body.due_at
             AND unique_hold.job_id <> body.id)
    ORDER BY unique_key, id DESC
    ON CONFLICT (unique_key) WHERE unique_key IS NOT NULL DO NOTHING
    RETURNING job_id
), gone AS (
    DELETE FROM headrace.outcome USING placed WHERE outcome.job_id = placed.job_id
)
SELECT body.id AS job_id, body.is_dependent, body.parent_id, body.is_failure, placed.job_id IS NULL AS is_key_held
FROM body LEFT JOIN placed ON placed.job_id = body.id
