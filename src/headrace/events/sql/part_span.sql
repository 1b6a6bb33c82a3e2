-- Where the first and the last event of a part of an import went, that were appended after a position.
-- Index: event_pkey of each partition, from both ends of what is after it; few others are met there.
SELECT (SELECT event.position FROM headrace.event WHERE event.position > $1 AND event.id = $2 ORDER BY event.position LIMIT 1),
       (SELECT event.position FROM headrace.event WHERE event.position > $1 AND event.id = $3 ORDER BY event.position DESC LIMIT 1)
