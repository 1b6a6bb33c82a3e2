-- Gives those of these jobs that wait another due time, and returns them. A held one has to wait for others all the same.
-- Index: run_pkey, locked in id order.
WITH wanted AS MATERIALIZED (
    SELECT job_id FROM headrace.run WHERE job_id = ANY ($1::uuid[]) AND state <> 'processing' ORDER BY job_id FOR UPDATE
)
UPDATE headrace.run SET run_at = $2 FROM wanted WHERE run.job_id = wanted.job_id RETURNING run.job_id
