-- A token that is good now, by its hash; is_stale where its last use is to be noted again.
-- Index: api_token_hash.
SELECT id, name, role, scopes,
       coalesce(used_at < coalesce($2::timestamptz, statement_timestamp()) - interval '1 minute', true) AS is_stale
FROM headrace.api_token
WHERE hash = $1 AND revoked_at IS NULL AND expires_at > coalesce($2::timestamptz, statement_timestamp())
