-- Notes what came of a request; after an error its key is free again.
-- Index: request_pkey.
UPDATE headrace.request
SET status = $2::smallint, subject = $3::text::jsonb, ended_at = coalesce($5::timestamptz, statement_timestamp()),
    key = CASE WHEN $2::smallint < 400 THEN key END, answer = CASE WHEN $2::smallint < 400 AND key IS NOT NULL THEN $4::bytea END
WHERE id = $1
