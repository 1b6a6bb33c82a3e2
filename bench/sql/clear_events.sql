-- Empties the log, its streams and the plain table between rounds.
-- Lock: ACCESS EXCLUSIVE on each; nothing else runs meanwhile.
TRUNCATE headrace.event, headrace.stream, headrace.given_id, plain_event
