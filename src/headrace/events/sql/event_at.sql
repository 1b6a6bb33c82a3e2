-- What an event is, at its position.
-- Index: event_pkey.
SELECT id, type FROM headrace.event WHERE position = $1
