-- The next parked stream of a lane that is to be resumed.
-- Lock: its row (parked_stream_resuming), under that of the lane's checkpoint; one that an operator works on is skipped.
SELECT tenant_id, aggregate_type, aggregate_id, failure_count
FROM headrace.parked_stream
WHERE subscription = $1
  AND state = 'resuming'
  AND headrace.parked_lane(tenant_id, aggregate_type, aggregate_id, $3) = $2::integer
ORDER BY position
LIMIT 1
FOR UPDATE SKIP LOCKED
