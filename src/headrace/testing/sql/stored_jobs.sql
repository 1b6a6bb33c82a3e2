-- Every stored job of a kind (NULL for all but the carriers of events), with its state at a moment, oldest first.
-- Index: job_pkey; it reads whole tables, those of a test.
SELECT job.id, job.kind, job.queue, job.priority, job.args::text AS args, job.metadata::text AS metadata,
       CASE
           WHEN outcome.job_id IS NOT NULL THEN outcome.state::text
           WHEN run.state = 'processing' THEN 'processing'
           WHEN run.run_at > coalesce($2::timestamptz, statement_timestamp()) THEN 'scheduled'
           ELSE 'pending'
       END AS state,
       coalesce(run.attempt, outcome.attempt) AS attempt, job.max_attempts,
       coalesce(run.run_at, outcome.run_at) AS run_at, job.created_at, job.parent_id
FROM headrace.job
LEFT JOIN headrace.run ON run.job_id = job.id
LEFT JOIN headrace.outcome ON outcome.job_id = job.id
WHERE job.kind = $1 OR ($1 IS NULL AND job.kind <> 'process-event')
ORDER BY job.id
