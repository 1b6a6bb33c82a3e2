-- Asks the worker that runs a job to cancel it.
-- Index: run_pkey.
UPDATE headrace.run SET cancel_requested_by = $2 WHERE job_id = $1 AND state = 'processing' RETURNING job_id
