-- Notes what came of a request.
-- Index: request_pkey.
UPDATE headrace.request
SET status = $2, subject = $3::text::jsonb, ended_at = coalesce($4::timestamptz, statement_timestamp())
WHERE id = $1
