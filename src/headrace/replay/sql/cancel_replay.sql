-- Ends a replay for good where it is; no row where it has ended.
-- Lock: the replay's row (replay_pkey), once the batch at work has ended.
UPDATE headrace.replay SET ended_at = coalesce($2::timestamptz, clock_timestamp()), is_cancelled = true, job_id = NULL
WHERE id = $1 AND ended_at IS NULL
RETURNING true
