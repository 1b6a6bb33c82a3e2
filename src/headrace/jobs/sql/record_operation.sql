-- Records that somebody did something that is done with this statement's transaction.
-- Index: operation_pkey.
INSERT INTO headrace.operation (id, action, actor, subject, reason, begun_at, ended_at, total_count, seen_count, changed_count,
                                request_id)
VALUES ($1, $2, $3, $4::text::jsonb, $5, coalesce($6::timestamptz, statement_timestamp()),
        coalesce($6::timestamptz, statement_timestamp()), 1, 1, 1, $7)
