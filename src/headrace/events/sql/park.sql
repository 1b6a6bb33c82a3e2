-- Parks the stream of an event that failed too often: its lane goes on behind it, the event waits. No row where the lane moved.
-- Lock: the checkpoint's row (checkpoint_pkey), in a transaction of its own after the batch was rolled back.
WITH passed AS (
    UPDATE headrace.checkpoint
    SET position = $5, parked_count = parked_count + 1, failure_count = 0, retry_at = NULL, last_error = NULL,
        moved_at = clock_timestamp()
    WHERE subscription = $1 AND lane = $2 AND position = $3 AND generation = $4
    RETURNING subscription
),
parked AS (
    INSERT INTO headrace.parked_stream
        (subscription, tenant_id, aggregate_type, aggregate_id, position, failure_count, last_error, parked_at)
    SELECT passed.subscription, $6, $7, $8, $5, $9, $10::text::jsonb, coalesce($11::timestamptz, clock_timestamp())
    FROM passed
    RETURNING subscription, tenant_id, aggregate_type, aggregate_id, position
)
INSERT INTO headrace.parked_event (subscription, tenant_id, aggregate_type, aggregate_id, position)
SELECT subscription, tenant_id, aggregate_type, aggregate_id, position FROM parked
RETURNING true
