-- The position of the last event recorded before a moment.
-- Index: event_pkey, by bisection.
SELECT headrace.position_at($1)
