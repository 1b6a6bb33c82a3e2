-- Records that somebody begins to change something over HTTP.
-- Index: request_pkey.
INSERT INTO headrace.request (id, actor, role, token_id, action, subject, ip_address, user_agent, begun_at)
VALUES ($1, $2, $3, $4, $5, $6::text::jsonb, $7, $8, coalesce($9::timestamptz, statement_timestamp()))
