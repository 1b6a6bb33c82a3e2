-- Counts a batch of an operation, with the changes it tells of.
-- Index: operation_pkey.
UPDATE headrace.operation
SET seen_count = seen_count + $2, changed_count = changed_count + $3, follower_count = follower_count + $4,
    key_held_count = key_held_count + $5
WHERE id = $1
