-- The attempts of a job that raised or lost their worker, oldest first.
-- Index: failure_pkey.
SELECT attempt, worker_id, failed_at, duration, error::text AS error
FROM headrace.failure WHERE job_id = $1 ORDER BY lease
