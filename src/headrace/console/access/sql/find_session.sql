-- The token of a session that is good now; is_stale where its last use is to be noted again.
-- Index: web_session_pkey, api_token_pkey.
SELECT api_token.id, api_token.name, api_token.role, api_token.scopes,
       web_session.seen_at < moment.at - interval '1 minute' AS is_stale
FROM headrace.web_session JOIN headrace.api_token ON api_token.id = web_session.token_id,
     (SELECT coalesce($3::timestamptz, statement_timestamp()) AS at) AS moment
WHERE web_session.hash = $1 AND web_session.expires_at > moment.at AND web_session.seen_at > moment.at - $2::interval
      AND api_token.revoked_at IS NULL AND api_token.expires_at > moment.at
