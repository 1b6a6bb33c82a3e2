-- Deletes a bounded batch of the steps kept of jobs of a range of ids that are no longer stored, and returns whose they were.
-- Index: step_pkey in the range, SKIP LOCKED; job_pkey for each. One table a statement: locks of another would end what prunes job.
WITH past AS MATERIALIZED (
    SELECT step.job_id, step.name FROM headrace.step
    WHERE step.job_id >= $1 AND step.job_id < $2 AND NOT EXISTS (SELECT FROM headrace.job WHERE job.id = step.job_id)
    ORDER BY step.job_id, step.name LIMIT $3 FOR UPDATE SKIP LOCKED
)
DELETE FROM headrace.step USING past WHERE step.job_id = past.job_id AND step.name = past.name RETURNING step.job_id
