-- Makes a job that waits for later due now.
-- Index: run_pkey.
UPDATE headrace.run SET run_at = coalesce($2::timestamptz, statement_timestamp())
WHERE job_id = $1 AND state = 'waiting' AND run_at > coalesce($2::timestamptz, statement_timestamp())
RETURNING job_id
