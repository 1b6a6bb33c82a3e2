-- The names of the event types that applications have registered.
-- Index: event_type_pkey, the whole of a small table.
SELECT DISTINCT name FROM headrace.event_type ORDER BY name LIMIT 1000
