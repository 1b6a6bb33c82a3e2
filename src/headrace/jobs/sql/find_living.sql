-- Which of these jobs have not ended, in id order.
-- Index: run_pkey.
SELECT job_id FROM headrace.run WHERE job_id = ANY ($1::uuid[]) ORDER BY job_id
