-- The running jobs that hold slots of these keys (@name for a queue), longest running first.
-- Index: run_held_by; the set of running jobs is small.
SELECT wanted.key, holder.job_id, holder.worker_id
FROM unnest($1::text[]) AS wanted (key) CROSS JOIN LATERAL (
    SELECT run.job_id, run.worker_id, run.claimed_at FROM headrace.run
    WHERE run.state = 'processing'
      AND (run.limit_key = wanted.key OR (run.has_queue_slot AND '@' || run.queue = wanted.key))
    ORDER BY run.claimed_at, run.job_id LIMIT $2
) AS holder
ORDER BY wanted.key, holder.claimed_at, holder.job_id
