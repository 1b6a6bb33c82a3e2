-- Takes the parked stream of a subscription that waits at a position.
-- Lock: its row (parked_stream_pkey), waiting for who resumes it.
SELECT tenant_id, aggregate_type, aggregate_id, state, last_error::text
FROM headrace.parked_stream WHERE subscription = $1 AND position = $2
FOR UPDATE
