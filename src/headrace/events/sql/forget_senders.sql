-- Deletes a batch of senders that were seen too long ago, oldest first; how many.
-- Index: sender_age.
WITH old AS (
    SELECT correlation_id FROM headrace.sender
    WHERE seen_at < coalesce($3::timestamptz, clock_timestamp()) - $1::interval
    ORDER BY seen_at LIMIT $2 FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM headrace.sender USING old WHERE sender.correlation_id = old.correlation_id RETURNING 1
)
SELECT count(*) FROM gone
