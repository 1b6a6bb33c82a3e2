-- Moves a replay on with a batch; it has ended where nothing lies ahead.
-- Lock: the replay's row, held since the batch began.
UPDATE headrace.replay
SET position = $2, cursor = $3, event_count = event_count + $4, withheld = $5::text::jsonb, last_error = NULL,
    ended_at = CASE WHEN $6 THEN coalesce($7::timestamptz, clock_timestamp()) END
WHERE id = $1
