-- Lets a parked stream go on, at the event that waits after the one skipped.
-- Lock: its row (parked_stream_pkey), held already.
UPDATE headrace.parked_stream
SET state = 'resuming', position = coalesce($5, position)
WHERE subscription = $1 AND tenant_id = $2 AND aggregate_type = $3 AND aggregate_id = $4
