-- Makes a token worthless; who did so first stays.
-- Lock: the row of the token, by api_token_pkey.
UPDATE headrace.api_token
SET revoked_at = coalesce(revoked_at, $3::timestamptz, statement_timestamp()), revoked_by = coalesce(revoked_by, $2)
WHERE id = $1
RETURNING id, name, role, scopes, created_at, created_by, expires_at, used_at, revoked_at, revoked_by, false AS is_live
