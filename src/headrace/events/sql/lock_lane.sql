-- Takes a lane for this transaction and lets the server cut the session if it falls silent; no row where another has it.
-- Lock: the checkpoint's row (checkpoint_pkey), which is the lane's lease; skipped, never waited for. What must be as new as
-- the lock stands in that row: a row changed meanwhile is read anew, those joined to it are not.
SELECT checkpoint.position, checkpoint.failure_count,
       least(head.position, checkpoint.position + $3::bigint) AS reach,
       checkpoint.lane_count, checkpoint.generation, checkpoint.parked_count,
       checkpoint.floor_position > checkpoint.position AS has_floor,
       set_config('idle_in_transaction_session_timeout', $4::text, true)
FROM headrace.checkpoint
JOIN headrace.subscription ON subscription.name = checkpoint.subscription
CROSS JOIN headrace.head
WHERE checkpoint.subscription = $1
  AND checkpoint.lane = $2
  AND subscription.paused_at IS NULL
  AND (checkpoint.retry_at IS NULL OR checkpoint.retry_at <= coalesce($5::timestamptz, statement_timestamp()))
FOR UPDATE OF checkpoint SKIP LOCKED
