-- Stores a new token's hash, and what it is good for.
-- Index: api_token_pkey, api_token_hash.
INSERT INTO headrace.api_token (id, name, role, scopes, hash, created_by, created_at, expires_at)
SELECT $1, $2, $3, $4, $5, $6, moment.at, moment.at + $7::interval
FROM (SELECT coalesce($8::timestamptz, statement_timestamp()) AS at) AS moment
RETURNING id, name, role, scopes, created_at, created_by, expires_at, used_at, revoked_at, revoked_by, true AS is_live
