-- What a job logged, from after a place on, in the order of its attempts.
-- Index: job_log_pkey.
SELECT lease, line, attempt, logged_at, level, logger, message, dropped_count
FROM headrace.job_log
WHERE job_id = $1 AND (lease, line) > ($2, $3) AND ($4::integer IS NULL OR attempt = $4)
ORDER BY lease, line LIMIT $5
