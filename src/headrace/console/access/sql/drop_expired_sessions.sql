-- Deletes some sessions whose time is over, or that nobody has used for long.
-- Index: web_session_expiry; rows that others delete meanwhile are skipped.
DELETE FROM headrace.web_session WHERE hash IN (
    SELECT hash FROM headrace.web_session
    WHERE expires_at <= coalesce($2::timestamptz, statement_timestamp())
          OR seen_at <= coalesce($2::timestamptz, statement_timestamp()) - $1::interval
    ORDER BY expires_at LIMIT 100 FOR UPDATE SKIP LOCKED
)
