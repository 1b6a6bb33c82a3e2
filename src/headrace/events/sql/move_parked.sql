-- Notes at which event a parked stream waits now.
-- Lock: its row (parked_stream_pkey), held already.
UPDATE headrace.parked_stream
SET position = $5
WHERE subscription = $1 AND tenant_id = $2 AND aggregate_type = $3 AND aggregate_id = $4
