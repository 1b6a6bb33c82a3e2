-- Begins a session of a token, which it cannot outlive.
-- Index: web_session_pkey, api_token_pkey.
INSERT INTO headrace.web_session (hash, token_id, begun_at, seen_at, expires_at)
SELECT $1, api_token.id, moment.at, moment.at, least(moment.at + $3::interval, api_token.expires_at)
FROM headrace.api_token, (SELECT coalesce($4::timestamptz, statement_timestamp()) AS at) AS moment
WHERE api_token.id = $2 AND api_token.revoked_at IS NULL
