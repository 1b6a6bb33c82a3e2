-- The newest operations, newest first; a page ends before an id.
-- Index: operation_pkey backwards.
SELECT id, action, actor, subject::text AS subject, reason, begun_at, ended_at, total_count, seen_count, changed_count,
       follower_count, key_held_count, after_id
FROM headrace.operation WHERE $1::uuid IS NULL OR id < $1 ORDER BY id DESC LIMIT $2
