-- Moves a lane from one position to a later one, if it still is where the batch began.
-- Lock: the checkpoint's row, held since the batch began.
UPDATE headrace.checkpoint
SET position = $4, event_count = event_count + $5, failure_count = 0, retry_at = NULL, last_error = NULL,
    moved_at = clock_timestamp()
WHERE subscription = $1 AND lane = $2 AND position = $3
RETURNING true
