-- Ends the parking of a stream in which nothing waits any more.
-- Lock: its row (parked_stream_pkey) and its lane's checkpoint, both held already.
WITH freed AS (
    DELETE FROM headrace.parked_stream
    WHERE subscription = $1 AND tenant_id = $2 AND aggregate_type = $3 AND aggregate_id = $4
    RETURNING subscription
)
UPDATE headrace.checkpoint
SET parked_count = parked_count - 1
FROM freed
WHERE checkpoint.subscription = freed.subscription AND checkpoint.lane = $5
