-- Notes how far an operation is, with the changes it tells of.
-- Index: operation_pkey.
UPDATE headrace.operation
SET seen_count = seen_count + $2, changed_count = changed_count + $3, follower_count = follower_count + $4,
    key_held_count = key_held_count + $8, after_id = coalesce($5, after_id),
    ended_at = CASE WHEN $6::boolean THEN coalesce($7::timestamptz, statement_timestamp()) END
WHERE id = $1
