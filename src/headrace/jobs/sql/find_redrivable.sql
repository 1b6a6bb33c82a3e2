-- Which of these jobs ended without having completed, and were wanted.
-- Index: outcome_pkey.
SELECT job_id FROM headrace.outcome
WHERE job_id = ANY ($1::uuid[]) AND state <> 'completed' AND error ->> 'type' IS DISTINCT FROM 'headrace.NotNeeded'
