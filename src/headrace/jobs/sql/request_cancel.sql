-- Asks the workers that run these jobs to cancel them.
-- Index: run_pkey, locked in id order.
WITH wanted AS MATERIALIZED (
    SELECT job_id FROM headrace.run WHERE job_id = ANY ($1::uuid[]) AND state = 'processing' ORDER BY job_id FOR UPDATE
)
UPDATE headrace.run SET cancel_requested_by = $2 FROM wanted WHERE run.job_id = wanted.job_id RETURNING run.job_id
