-- Ends all sessions of a token.
-- Index: web_session_of.
DELETE FROM headrace.web_session WHERE token_id = $1
