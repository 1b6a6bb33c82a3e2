-- The jobs a worker holds that somebody wants cancelled.
-- Index: run_held_by.
SELECT job_id, lease FROM headrace.run
WHERE worker_id = $1 AND state = 'processing' AND cancel_requested_by IS NOT NULL
