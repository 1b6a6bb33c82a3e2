-- Deletes a bounded batch of the dependencies kept of jobs of a range of ids that are no longer stored, and returns whose they were.
-- Index: dependency_pkey in the range, SKIP LOCKED; job_pkey for each. One table a statement: locks of another would end what prunes job.
WITH past AS MATERIALIZED (
    SELECT dependency.job_id, dependency.depends_on FROM headrace.dependency
    WHERE dependency.job_id >= $1 AND dependency.job_id < $2 AND NOT EXISTS (SELECT FROM headrace.job WHERE job.id = dependency.job_id)
    ORDER BY dependency.job_id, dependency.depends_on LIMIT $3 FOR UPDATE SKIP LOCKED
)
DELETE FROM headrace.dependency USING past WHERE dependency.job_id = past.job_id AND dependency.depends_on = past.depends_on RETURNING dependency.job_id
