-- Everything stored of one job but its failures and children.
-- Index: job_pkey, run_pkey, outcome_pkey, progress_pkey.
SELECT job.id, job.kind, job.queue, job.priority, job.args::text AS args, job.max_attempts, job.parent_id,
       job.correlation_id, job.causation_id, job.causation_kind, job.tenant_id, job.user_id, job.actor,
       job.metadata::text AS metadata, job.created_at,
       substr(job.unique_key, length(job.kind) + 2) AS unique_key,
       CASE
           WHEN outcome.job_id IS NOT NULL THEN outcome.state::text
           WHEN run.state = 'processing' THEN 'processing'
           WHEN run.run_at > statement_timestamp() OR run.waits_for > 0 THEN 'scheduled'
           WHEN run.job_id IS NOT NULL THEN 'pending'
       END AS state,
       coalesce(run.attempt, outcome.attempt) AS attempt, coalesce(run.run_at, outcome.run_at) AS run_at,
       coalesce(run.claimed_at, outcome.claimed_at) AS claimed_at, outcome.ended_at, outcome.duration,
       outcome.result::text AS result, outcome.error::text AS error, run.cancel_requested_by, run.waits_for,
       coalesce(run.worker_id, outcome.worker_id) AS worker_id,
       progress.done, progress.total, progress.message, progress.child_count, progress.ended_count,
       progress.failed_count, progress.children_done
FROM headrace.job
LEFT JOIN headrace.run ON run.job_id = job.id
LEFT JOIN headrace.outcome ON outcome.job_id = job.id
LEFT JOIN headrace.progress ON progress.job_id = job.id
WHERE job.id = $1
