-- Notes that a session was used.
-- Lock: the row of the session, by web_session_pkey; skipped where somebody else notes it.
UPDATE headrace.web_session SET seen_at = coalesce($2::timestamptz, statement_timestamp())
WHERE hash = (SELECT hash FROM headrace.web_session WHERE hash = $1 FOR UPDATE SKIP LOCKED)
