-- When each job's handler was started, by the clock of its process.
-- Index: outcome_pkey.
SELECT job_id AS id, result::text::bigint AS started FROM headrace.outcome WHERE job_id = ANY ($1::uuid[])
