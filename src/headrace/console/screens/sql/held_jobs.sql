-- The jobs that workers hold, those held longest of each, so many at most, with their progress.
-- Index: run_held_by for each worker; progress_pkey for each job shown.
SELECT worker.id AS worker_id, held.job_id, held.kind, held.attempt, held.claimed_at, progress.done, progress.total
FROM unnest($1::bigint[]) AS worker (id)
CROSS JOIN LATERAL (
    SELECT run.job_id, run.kind, run.attempt, run.claimed_at FROM headrace.run
    WHERE run.worker_id = worker.id AND run.state = 'processing' ORDER BY run.claimed_at, run.job_id LIMIT $2
) AS held
LEFT JOIN headrace.progress ON progress.job_id = held.job_id
ORDER BY worker.id, held.claimed_at, held.job_id
