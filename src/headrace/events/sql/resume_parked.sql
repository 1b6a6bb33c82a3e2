-- Lets parked streams of a subscription be tried again: the one that waits at a position, or all; how many.
-- Lock: their rows (parked_stream_pkey) by position.
WITH wanted AS (
    SELECT tenant_id, aggregate_type, aggregate_id
    FROM headrace.parked_stream
    WHERE subscription = $1 AND state = 'parked' AND ($2::bigint IS NULL OR position = $2)
    ORDER BY position
    FOR UPDATE
),
resumed AS (
    UPDATE headrace.parked_stream AS parked
    SET state = 'resuming'
    FROM wanted
    WHERE parked.subscription = $1 AND parked.tenant_id = wanted.tenant_id
      AND parked.aggregate_type = wanted.aggregate_type AND parked.aggregate_id = wanted.aggregate_id
    RETURNING parked.position
)
SELECT count(*) FROM resumed
