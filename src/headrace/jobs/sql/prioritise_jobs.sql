-- Gives those of these jobs that wait another priority, for this run and for one after it, and returns those it changes.
-- Index: run_pkey, locked in id order; job_pkey, in the statement itself: in a part beside the locks no partitions are pruned.
WITH wanted AS MATERIALIZED (
    SELECT job_id FROM headrace.run
    WHERE job_id = ANY ($1::uuid[]) AND state <> 'processing' AND priority <> $2::smallint ORDER BY job_id FOR UPDATE
), moved AS (
    UPDATE headrace.run SET priority = $2 FROM wanted WHERE run.job_id = wanted.job_id RETURNING run.job_id
)
UPDATE headrace.job SET priority = $2 FROM moved WHERE job.id = moved.job_id RETURNING job.id AS job_id
