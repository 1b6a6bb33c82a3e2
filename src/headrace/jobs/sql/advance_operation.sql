-- Notes how far an operation is, and that it has ended where nothing is left.
-- Index: operation_pkey.
UPDATE headrace.operation
SET after_id = coalesce($2, after_id),
    ended_at = CASE WHEN $3::boolean THEN coalesce($4::timestamptz, statement_timestamp()) END
WHERE id = $1
