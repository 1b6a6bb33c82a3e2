-- Records that somebody begins to change something over HTTP; no row comes back where another request has the key.
-- Index: request_pkey, request_key.
INSERT INTO headrace.request (id, actor, role, token_id, action, subject, ip_address, user_agent, key, fingerprint, begun_at)
VALUES ($1, $2, $3, $4, $5, $6::text::jsonb, $7, $8, $9, $10, coalesce($11::timestamptz, statement_timestamp()))
ON CONFLICT (actor, key) WHERE key IS NOT NULL DO NOTHING
RETURNING id
