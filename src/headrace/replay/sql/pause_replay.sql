-- Pauses a replay that has not ended; no row where it has, or is paused already.
-- Lock: the replay's row (replay_pkey), once the batch at work has ended.
UPDATE headrace.replay SET paused_at = coalesce($2::timestamptz, clock_timestamp())
WHERE id = $1 AND ended_at IS NULL AND paused_at IS NULL
RETURNING true
