-- Gives back, uncounted, what a worker holds under leases it never heard of: claims that committed, and whose answer was lost.
-- Index: run_held_by; what is given back of limits is locked last, in key order.
WITH returned AS (
    UPDATE headrace.run
    SET state = 'waiting', lease = NULL, worker_id = NULL, claimed_at = NULL, attempt = run.attempt - 1
    WHERE worker_id = $1 AND state = 'processing' AND lease > $2 AND lease <> ALL ($3::bigint[])
    RETURNING job_id, queue, limit_key, has_queue_slot, weight
), freed AS (
    INSERT INTO headrace.limit_freed (key, shard, slots, tokens)
    SELECT slot.key, $1 % 8, count(*), sum(slot.weight)
    FROM (
        SELECT limit_key AS key, weight FROM returned WHERE limit_key IS NOT NULL
        UNION ALL
        SELECT '@' || queue, 1 FROM returned WHERE has_queue_slot
    ) AS slot
    GROUP BY slot.key ORDER BY slot.key
    ON CONFLICT (key, shard) DO UPDATE
    SET slots = limit_freed.slots + excluded.slots, tokens = limit_freed.tokens + excluded.tokens
)
SELECT job_id FROM returned
