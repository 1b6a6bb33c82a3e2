-- Puts claimed jobs back: for a retry, a snooze, or because the worker stops; one that has not begun gives its tokens back too.
-- Fenced like finish_jobs.
-- Index: run_pkey; what is given back of limits is locked last, in key order.
WITH released AS MATERIALIZED (
    SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::interval[], $4::boolean[], $5::interval[], $6::text[], $8::boolean[])
        AS released (job_id, lease, delay, is_counted, duration, error, has_begun)
), returned AS (
    UPDATE headrace.run
    SET state = 'waiting', lease = NULL, worker_id = NULL, claimed_at = NULL,
        attempt = run.attempt - CASE WHEN released.is_counted THEN 0 ELSE 1 END,
        run_at = CASE
            WHEN released.delay IS NULL THEN run.run_at
            ELSE coalesce($7::timestamptz, statement_timestamp()) + released.delay
        END
    FROM released
    WHERE run.job_id = released.job_id AND run.lease = released.lease
    RETURNING run.job_id, released.lease, run.attempt, released.duration, released.error, run.queue, run.limit_key,
              run.has_queue_slot, CASE WHEN released.has_begun THEN 0 ELSE run.weight END AS unspent
), failed AS (
    INSERT INTO headrace.failure (job_id, lease, attempt, failed_at, duration, error)
    SELECT job_id, lease, attempt, coalesce($7::timestamptz, statement_timestamp()), duration, error::jsonb
    FROM returned WHERE error IS NOT NULL
), freed AS (
    INSERT INTO headrace.limit_freed (key, shard, slots, tokens)
    SELECT slot.key, slot.lease % 8, count(*), sum(slot.unspent)
    FROM (
        SELECT limit_key AS key, lease, unspent FROM returned WHERE limit_key IS NOT NULL
        UNION ALL
        SELECT '@' || queue, lease, least(unspent, 1) FROM returned WHERE has_queue_slot
    ) AS slot
    GROUP BY slot.key, slot.lease % 8 ORDER BY slot.key, slot.lease % 8
    ON CONFLICT (key, shard) DO UPDATE
    SET slots = limit_freed.slots + excluded.slots, tokens = limit_freed.tokens + excluded.tokens
)
SELECT job_id FROM returned
