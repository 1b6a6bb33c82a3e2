-- The last lines a job logged, the last one first.
-- Index: job_log_pkey, backwards.
SELECT lease, line, attempt, logged_at, level, logger, message, dropped_count
FROM headrace.job_log WHERE job_id = $1
ORDER BY lease DESC, line DESC LIMIT $2
