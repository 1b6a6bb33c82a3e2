-- Whether a job is stored.
-- Index: job_pkey.
SELECT EXISTS (SELECT FROM headrace.job WHERE id = $1)
