-- Ends jobs: removes their runs, appends their outcomes and errors, settles who waits for them, rolls their progress up.
-- Fenced: a row whose lease has passed on is left alone; the ids returned are those recorded. Only a running job has a lease; to
-- ask for its state as well would let the planner walk run_held_by and everything dead in it.
-- Index: run_pkey; the runs of dependents are locked after those of the jobs, in id order; then progress rows of parents, the newest
-- first: a job's own row before its parent's, as a transaction does that makes children and then ends the job; what is given back
-- of limits last of all, in key order.
WITH ended AS MATERIALIZED (
    SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::interval[], $5::text[], $6::text[], $7::bigint[])
        AS ended (job_id, lease, state, duration, error, result, done)
), removed AS (
    DELETE FROM headrace.run USING ended
    WHERE run.job_id = ended.job_id AND run.lease = ended.lease
    RETURNING run.job_id, run.lease, run.attempt, run.worker_id, run.kind, run.queue, run.run_at, run.claimed_at,
              run.parent_id, run.has_dependents, run.is_awaited, run.limit_key, run.has_queue_slot,
              ended.state::headrace.outcome_state AS state, ended.duration,
              ended.error::jsonb AS error, ended.result::jsonb AS result, ended.done,
              coalesce($8::timestamptz, statement_timestamp()) AS ended_at
), failed AS (
    INSERT INTO headrace.failure (job_id, lease, attempt, worker_id, failed_at, duration, error)
    SELECT job_id, lease, attempt, worker_id, ended_at, duration, error FROM removed WHERE error IS NOT NULL
), settled AS MATERIALIZED (
    SELECT dependent.* FROM (
        SELECT array_agg(job_id) AS ids, array_agg(state::text) AS states FROM removed WHERE has_dependents
    ) AS followed CROSS JOIN LATERAL headrace.settle_dependents(
        followed.ids, followed.states, coalesce($8::timestamptz, statement_timestamp())
    ) AS dependent
), told AS (
    SELECT parent_id, state <> 'completed' AS is_failure, CASE state WHEN 'completed' THEN done END AS done
    FROM removed WHERE parent_id IS NOT NULL
    UNION ALL
    SELECT parent_id, ending = 'cancelled', NULL FROM settled WHERE parent_id IS NOT NULL
), family AS MATERIALIZED (
    SELECT progress.job_id FROM headrace.progress
    WHERE progress.job_id IN (SELECT parent_id FROM told) ORDER BY progress.job_id DESC FOR UPDATE
), rolled AS (
    UPDATE headrace.progress
    SET ended_count = progress.ended_count + share.ended_count,
        failed_count = progress.failed_count + share.failed_count,
        children_done = progress.children_done + share.done, updated_at = clock_timestamp()
    FROM family JOIN (
        SELECT parent_id, count(*) AS ended_count, count(*) FILTER (WHERE is_failure) AS failed_count,
               coalesce(sum(done), 0) AS done
        FROM told GROUP BY parent_id
    ) AS share ON share.parent_id = family.job_id
    WHERE progress.job_id = family.job_id
    RETURNING progress.job_id
), freed AS (
    INSERT INTO headrace.limit_freed (key, shard, slots, tokens)
    SELECT one.key, slot.shard, sum(slot.slots), 0
    FROM (
        SELECT limit_key, CASE WHEN has_queue_slot THEN queue END AS queue, worker_id % 8 AS shard, count(*) AS slots
        FROM removed WHERE limit_key IS NOT NULL OR has_queue_slot
        GROUP BY 1, 2, 3
    ) AS slot CROSS JOIN LATERAL (VALUES (slot.limit_key), ('@' || slot.queue)) AS one (key)
    WHERE one.key IS NOT NULL AND (SELECT count(*) FROM rolled) >= 0  -- so that it comes after them
    GROUP BY one.key, slot.shard ORDER BY one.key, slot.shard
    ON CONFLICT (key, shard) DO UPDATE SET slots = limit_freed.slots + excluded.slots
)
INSERT INTO headrace.outcome (job_id, state, attempt, lease, worker_id, kind, queue, run_at, claimed_at, ended_at,
                              duration, error, result, is_told)
SELECT job_id, state, attempt, lease, worker_id, kind, queue, run_at, claimed_at, ended_at, duration, error, result,
       CASE WHEN state = 'completed' AND kind = ANY ($9::text[]) THEN true END
FROM removed
-- Also makes sure that dependents are settled: where no parent has progress, nothing else reads them.
RETURNING job_id, (SELECT count(*) FILTER (WHERE ending = 'freed') FROM settled) > 0 AS has_freed,
          -- Of those cancelled because they depended on these nobody asked; they are few.
          (SELECT bool_or(is_awaited) FROM removed) OR EXISTS (SELECT FROM settled WHERE ending <> 'freed') AS has_awaited
