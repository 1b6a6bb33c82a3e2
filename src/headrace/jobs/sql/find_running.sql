-- The running holders of unique keys.
-- Index: run_unique_key.
SELECT job_id, unique_key FROM headrace.run WHERE unique_key = ANY ($1::text[]) AND state = 'processing'
