-- Cancels a job that waits; no row comes back where it does not.
-- Index: run_pkey; progress row of the parent.
WITH removed AS (
    DELETE FROM headrace.run WHERE job_id = $1 AND state <> 'processing'
    RETURNING job_id, attempt, kind, queue, run_at, parent_id
), rolled AS (
    UPDATE headrace.progress
    SET ended_count = ended_count + 1, failed_count = failed_count + 1, updated_at = clock_timestamp()
    FROM removed WHERE progress.job_id = removed.parent_id
)
INSERT INTO headrace.outcome (job_id, state, attempt, kind, queue, run_at, ended_at, error)
SELECT job_id, 'cancelled', attempt, kind, queue, run_at, statement_timestamp(), $2::text::jsonb FROM removed
RETURNING job_id
