-- All tokens, newest first. There are as many as people have made.
-- Index: api_token_pkey backwards.
SELECT id, name, role, scopes, created_at, created_by, expires_at, used_at, revoked_at, revoked_by,
       revoked_at IS NULL AND expires_at > coalesce($1::timestamptz, statement_timestamp()) AS is_live
FROM headrace.api_token ORDER BY id DESC
