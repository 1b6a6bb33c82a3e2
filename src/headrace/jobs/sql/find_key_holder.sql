-- Who holds the unique key of an ended job: a job that lives, or one by a window that is not over. No row where nobody does.
-- Index: job_pkey, run_unique_key, unique_hold_pkey.
SELECT coalesce(run.job_id, hold.job_id) AS holder_id, job.kind, substr(job.unique_key, length(job.kind) + 2) AS unique_key,
       CASE WHEN run.job_id IS NULL THEN hold.until END AS held_until
FROM headrace.job
LEFT JOIN headrace.run ON run.unique_key = job.unique_key AND run.job_id <> job.id
LEFT JOIN headrace.unique_hold AS hold
       ON hold.unique_key = job.unique_key AND hold.job_id <> job.id
      AND hold.until > coalesce($2::timestamptz, statement_timestamp())
WHERE job.id = $1 AND (run.job_id IS NOT NULL OR hold.job_id IS NOT NULL)
