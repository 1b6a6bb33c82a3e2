-- Cancels those of these jobs that wait, settles who waits for them, and asks the workers of those that run; returns both.
-- In one statement under one lock, so that no job slips through between two states. One that is locked is left out: who cancels
-- waits for it while he holds no other, and tries again.
-- Index: run_pkey, SKIP LOCKED, in id order; progress rows of parents are locked last of all, the newest first.
WITH wanted AS MATERIALIZED (
    SELECT job_id, state FROM headrace.run WHERE job_id = ANY ($1::uuid[]) ORDER BY job_id FOR UPDATE SKIP LOCKED
), requested AS (
    UPDATE headrace.run SET cancel_requested_by = $3 FROM wanted
    WHERE run.job_id = wanted.job_id AND wanted.state = 'processing'
    RETURNING run.job_id
), removed AS (
    DELETE FROM headrace.run USING wanted WHERE run.job_id = wanted.job_id AND wanted.state <> 'processing'
    RETURNING run.job_id, run.attempt, run.kind, run.queue, run.run_at, run.parent_id, run.has_dependents
), settled AS MATERIALIZED (
    SELECT dependent.* FROM (
        SELECT array_agg(job_id) AS ids, array_agg('cancelled'::text) AS states FROM removed WHERE has_dependents
    ) AS followed CROSS JOIN LATERAL headrace.settle_dependents(followed.ids, followed.states, statement_timestamp())
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
), ended AS (
    INSERT INTO headrace.outcome (job_id, state, attempt, kind, queue, run_at, ended_at, error)
    SELECT job_id, 'cancelled', attempt, kind, queue, run_at, statement_timestamp(), $2::text::jsonb FROM removed
    RETURNING job_id
)
SELECT job_id, false AS is_requested,
       -- Also makes sure that dependents are settled: where no parent has progress, nothing else reads them.
       (SELECT count(*) FILTER (WHERE ending = 'cancelled') FROM settled) AS follower_count
FROM ended
UNION ALL
SELECT job_id, true, 0 FROM requested
