-- An operation, held to the end of the transaction: two who go on with it take turns.
-- Index: operation_pkey; FOR UPDATE.
SELECT id, action, actor, subject::text AS subject, reason, begun_at, ended_at, total_count, seen_count, changed_count,
       follower_count, key_held_count, after_id
FROM headrace.operation WHERE id = $1 FOR UPDATE
