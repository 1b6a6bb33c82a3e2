-- Ends one session.
-- Index: web_session_pkey.
DELETE FROM headrace.web_session WHERE hash = $1
