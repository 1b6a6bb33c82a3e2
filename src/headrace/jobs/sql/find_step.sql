-- The stored result of a step.
-- Index: step_pkey.
SELECT coalesce(result::text, 'null') AS result FROM headrace.step WHERE job_id = $1 AND name = $2
