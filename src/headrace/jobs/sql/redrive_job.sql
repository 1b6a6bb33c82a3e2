-- Brings an ended job back with its history: its outcome gives way to a fresh run, due now, with all attempts before it.
-- Index: outcome_pkey, run_pkey; progress row of the parent.
WITH gone AS (
    DELETE FROM headrace.outcome WHERE job_id = $1 AND state <> 'completed' RETURNING job_id
), body AS (
    SELECT job.* FROM headrace.job JOIN gone ON gone.job_id = job.id
), rolled AS (
    UPDATE headrace.progress
    SET ended_count = ended_count - 1, failed_count = failed_count - 1, updated_at = clock_timestamp()
    FROM body WHERE progress.job_id = body.parent_id
)
INSERT INTO headrace.run (job_id, queue, kind, priority, run_at, parent_id)
SELECT id, queue, kind, priority, coalesce($2::timestamptz, statement_timestamp()), parent_id FROM body
RETURNING job_id
