-- The moment at which a part of an import is recorded, and the highest position there is before its own.
-- Index: event_pkey of each partition, from its end. Run once the streams are locked, so that the moment is after what they have.
SELECT clock_timestamp(),
       coalesce((SELECT event.position FROM headrace.event ORDER BY event.position DESC LIMIT 1), 0)
