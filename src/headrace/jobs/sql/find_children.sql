-- The children of these jobs, a page in id order.
-- Index: job_parent, in every partition.
SELECT job.id FROM headrace.job WHERE job.parent_id = ANY ($1::uuid[]) AND ($2::uuid IS NULL OR job.id > $2)
ORDER BY job.id LIMIT $3
