-- Stores a replay that begins now.
-- Lock: none.
INSERT INTO headrace.replay (id, handler, filter, has_effects, batch_size, after, until, position, cursor, job_id, actor, reason, begun_at)
VALUES ($1, $2, $3::text::jsonb, $4, $5, $6::bigint, $7, $6, $8, $9, $10, $11, coalesce($12::timestamptz, clock_timestamp()))
