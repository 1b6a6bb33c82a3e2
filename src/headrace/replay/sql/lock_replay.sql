-- Takes a replay for this transaction, and lets the server cut the session if it falls silent.
-- Lock: the replay's row (replay_pkey): whoever runs it, pauses it or cancels it takes turns.
SELECT position, cursor, until, withheld::text, job_id, paused_at IS NOT NULL AS is_paused, ended_at IS NOT NULL AS has_ended,
       set_config('idle_in_transaction_session_timeout', $2::text, true)
FROM headrace.replay
WHERE id = $1
FOR UPDATE
