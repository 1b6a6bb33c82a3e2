-- What was changed over HTTP, newest first; a page ends before an id.
-- Index: request_pkey backwards.
SELECT id, actor, role, token_id, action, subject::text AS subject, ip_address, user_agent, begun_at, ended_at, status
FROM headrace.request
WHERE ($1::text IS NULL OR actor = $1) AND ($2::uuid IS NULL OR id < $2)
ORDER BY id DESC LIMIT $3
