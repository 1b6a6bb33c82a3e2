-- Takes a lane for this transaction and lets the server cut the session if it falls silent; no row where another has it.
-- Lock: the checkpoint's row (checkpoint_pkey), which is the lane's lease; skipped, never waited for.
SELECT checkpoint.position, checkpoint.failure_count,
       least(head.position, checkpoint.position + $3::bigint) AS reach,
       set_config('idle_in_transaction_session_timeout', $4::text, true)
FROM headrace.checkpoint CROSS JOIN headrace.head
WHERE checkpoint.subscription = $1
  AND checkpoint.lane = $2
  AND (checkpoint.retry_at IS NULL OR checkpoint.retry_at <= coalesce($5::timestamptz, statement_timestamp()))
FOR UPDATE OF checkpoint SKIP LOCKED
