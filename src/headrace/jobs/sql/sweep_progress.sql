-- Deletes a bounded batch of the progress kept of jobs of a range of ids that are no longer stored, and returns whose they were.
-- Index: progress_pkey in the range, SKIP LOCKED; job_pkey for each. One table a statement: locks of another would end what prunes job.
WITH past AS MATERIALIZED (
    SELECT progress.job_id FROM headrace.progress
    WHERE progress.job_id >= $1 AND progress.job_id < $2 AND NOT EXISTS (SELECT FROM headrace.job WHERE job.id = progress.job_id)
    ORDER BY progress.job_id LIMIT $3 FOR UPDATE SKIP LOCKED
)
DELETE FROM headrace.progress USING past WHERE progress.job_id = past.job_id RETURNING progress.job_id
