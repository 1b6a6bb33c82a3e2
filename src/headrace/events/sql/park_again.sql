-- Parks a stream that failed again when it was resumed, at the event that failed.
-- Lock: its row (parked_stream_pkey), in a transaction of its own after the batch was rolled back; one not resuming is left.
UPDATE headrace.parked_stream
SET state = 'parked', position = $5, failure_count = failure_count + 1, last_error = $6::text::jsonb,
    parked_at = coalesce($7::timestamptz, clock_timestamp())
WHERE subscription = $1 AND tenant_id = $2 AND aggregate_type = $3 AND aggregate_id = $4 AND state = 'resuming'
RETURNING failure_count
