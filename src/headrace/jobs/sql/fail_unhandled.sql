-- Ends jobs as failed that have been shelved for the grace, with no living worker to handle their kind; settles who waits for them.
-- Index: run_shelved, walked; locked in id order without waiting; progress rows of parents are locked last of all, the newest first.
WITH wanted AS MATERIALIZED (
    SELECT job_id FROM headrace.run
    WHERE state = 'held' AND shelved_at <= coalesce($2::timestamptz, statement_timestamp()) - $1::interval
      AND NOT EXISTS (SELECT FROM headrace.worker WHERE run.kind = ANY (worker.kinds))
    ORDER BY job_id LIMIT $3 FOR UPDATE SKIP LOCKED
), removed AS (
    DELETE FROM headrace.run USING wanted WHERE run.job_id = wanted.job_id
    RETURNING run.job_id, run.attempt, run.kind, run.queue, run.run_at, run.parent_id, run.has_dependents,
              coalesce($2::timestamptz, statement_timestamp()) AS ended_at
), settled AS MATERIALIZED (
    SELECT dependent.* FROM (
        SELECT array_agg(job_id) AS ids, array_agg('failed'::text) AS states, max(ended_at) AS ended_at
        FROM removed WHERE has_dependents
    ) AS followed CROSS JOIN LATERAL headrace.settle_dependents(followed.ids, followed.states, followed.ended_at)
        AS dependent
), told AS (
    SELECT parent_id, true AS is_failure FROM removed WHERE parent_id IS NOT NULL
    UNION ALL
    SELECT parent_id, ending = 'cancelled' FROM settled WHERE parent_id IS NOT NULL
), family AS MATERIALIZED (
    SELECT progress.job_id FROM headrace.progress
    WHERE progress.job_id IN (SELECT parent_id FROM told) ORDER BY progress.job_id DESC FOR UPDATE
), rolled AS (
    UPDATE headrace.progress
    SET ended_count = progress.ended_count + share.ended_count, failed_count = progress.failed_count + share.failed_count,
        updated_at = clock_timestamp()
    FROM family JOIN (
        SELECT parent_id, count(*) AS ended_count, count(*) FILTER (WHERE is_failure) AS failed_count
        FROM told GROUP BY parent_id
    ) AS share ON share.parent_id = family.job_id
    WHERE progress.job_id = family.job_id
)
INSERT INTO headrace.outcome (job_id, state, attempt, kind, queue, run_at, ended_at, error)
SELECT job_id, 'failed', attempt, kind, queue, run_at, ended_at, jsonb_build_object(
    'type', 'headrace.NoHandler',
    'message', format('no worker that handles jobs of kind %L has lived for %s; start one, then retry the job', kind, $1::interval),
    'traceback', '', 'details', '{}'::jsonb)
FROM removed
-- Also makes sure that dependents are settled: where no parent has progress, nothing else reads them.
RETURNING kind, (SELECT count(*) FROM settled) AS settled_count
