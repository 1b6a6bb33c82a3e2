-- Notes that a token was used.
-- Lock: the row of the token, by api_token_pkey; skipped where somebody else notes it.
UPDATE headrace.api_token SET used_at = coalesce($2::timestamptz, statement_timestamp())
WHERE id = (SELECT id FROM headrace.api_token WHERE id = $1 FOR UPDATE SKIP LOCKED)
