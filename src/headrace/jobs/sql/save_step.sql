-- Stores the result of a finished step; no row comes back where the attempt no longer holds its job.
-- Index: run_pkey, shared, so that the job cannot be claimed anew before the step is visible; step_pkey.
INSERT INTO headrace.step (job_id, name, attempt, lease, duration, result)
SELECT run.job_id, $3, run.attempt, run.lease, $4, $5::text::jsonb
FROM headrace.run WHERE run.job_id = $1 AND run.lease = $2 AND run.state = 'processing' FOR SHARE
RETURNING job_id
