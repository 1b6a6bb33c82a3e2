-- Takes a bounded batch of jobs from a lost worker: back to waiting without counting the attempt, or to the dead when their
-- workers died too often; who waits for those is settled. Returns how many of each.
-- Index: run_held_by; FOR UPDATE SKIP LOCKED, in id order; what is given back of limits is locked last, in key order.
WITH lost AS MATERIALIZED (
    SELECT job_id, lease, attempt, worker_id, parent_id, kind, queue, run_at, claimed_at, limit_key, has_queue_slot,
           rescue_count + 1 >= $3::integer AS is_poison
    FROM headrace.run WHERE worker_id = $1 AND state = 'processing' ORDER BY job_id LIMIT $2 FOR UPDATE SKIP LOCKED
), noted AS (
    INSERT INTO headrace.failure (job_id, lease, attempt, worker_id, failed_at, duration, error)
    SELECT job_id, lease, attempt, worker_id, statement_timestamp(), statement_timestamp() - claimed_at,
           $4::text::jsonb FROM lost
), returned AS (
    UPDATE headrace.run
    SET state = 'waiting', lease = NULL, worker_id = NULL, claimed_at = NULL, attempt = run.attempt - 1,
        rescue_count = run.rescue_count + 1,
        -- From the third loss on they come back apart, so that the one that kills does not take the same others along.
        run_at = CASE
            WHEN run.rescue_count < 2 THEN run.run_at
            ELSE statement_timestamp() + random() * least(2 ^ run.rescue_count, 10) * interval '1 second'
        END
    FROM lost WHERE run.job_id = lost.job_id AND NOT lost.is_poison
    RETURNING run.job_id
), removed AS (
    DELETE FROM headrace.run USING lost WHERE run.job_id = lost.job_id AND lost.is_poison
    RETURNING run.job_id, run.parent_id, run.has_dependents
), buried AS (
    INSERT INTO headrace.outcome (job_id, state, attempt, lease, worker_id, kind, queue, run_at, claimed_at, ended_at, error)
    SELECT job_id, 'dead', attempt, lease, worker_id, kind, queue, run_at, claimed_at, statement_timestamp(), $5::text::jsonb
    FROM lost WHERE is_poison
), settled AS MATERIALIZED (
    SELECT dependent.* FROM (
        SELECT array_agg(job_id) AS ids, array_agg('dead'::text) AS states FROM removed WHERE has_dependents
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
    RETURNING progress.job_id
), freed AS (
    INSERT INTO headrace.limit_freed (key, shard, slots, tokens)
    SELECT slot.key, $1 % 8, count(*), 0
    FROM (
        SELECT limit_key AS key FROM lost WHERE limit_key IS NOT NULL
        UNION ALL
        SELECT '@' || queue FROM lost WHERE has_queue_slot
    ) AS slot
    WHERE (SELECT count(*) FROM rolled) >= 0  -- so that it comes after them
    GROUP BY slot.key ORDER BY slot.key
    ON CONFLICT (key, shard) DO UPDATE SET slots = limit_freed.slots + excluded.slots
)
SELECT (SELECT count(*) FROM returned) AS returned_count, (SELECT count(*) FROM removed) AS buried_count,
       -- Also makes sure that dependents are settled: where no parent has progress, nothing else reads them.
       (SELECT count(*) FROM settled) AS settled_count
