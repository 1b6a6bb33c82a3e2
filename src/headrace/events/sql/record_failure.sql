-- Notes that the event after a checkpoint failed, and when to try it again, if the lane still is there.
-- Lock: the checkpoint's row (checkpoint_pkey), in a transaction of its own after the batch was rolled back.
UPDATE headrace.checkpoint
SET failure_count = failure_count + 1,
    retry_at = coalesce($6::timestamptz, clock_timestamp()) + $4::interval,
    last_error = $5::text::jsonb
WHERE subscription = $1 AND lane = $2 AND position = $3 AND generation = $7
