-- Marks that somebody waits for the results of these jobs, so that their end is told of.
-- Index: run_pkey, in id order; a row that is locked is left for the next time, so that nobody is waited for.
WITH wanted AS MATERIALIZED (
    SELECT job_id FROM headrace.run
    WHERE job_id = ANY ($1::uuid[]) AND NOT is_awaited ORDER BY job_id FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE headrace.run SET is_awaited = true FROM wanted WHERE run.job_id = wanted.job_id
