-- Records that somebody begins to do something to many jobs.
-- Index: operation_pkey.
INSERT INTO headrace.operation (id, action, actor, subject, reason, begun_at, total_count, request_id)
VALUES ($1, $2, $3, $4::text::jsonb, $5, coalesce($6::timestamptz, statement_timestamp()), $7, $8)
