-- The finished steps of a job, oldest first.
-- Index: step_pkey.
SELECT name, attempt, ended_at, duration
FROM headrace.step WHERE job_id = $1 ORDER BY ended_at, name
