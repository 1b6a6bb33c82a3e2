-- Between which positions the events recorded in a period lie: after the first, up to the second; NULL for no end yet.
-- Index: event_pkey, by bisection.
SELECT CASE WHEN $1::timestamptz IS NULL THEN 0 ELSE headrace.position_at($1) END,
       CASE WHEN $2::timestamptz IS NULL OR $2 > clock_timestamp() THEN NULL ELSE headrace.position_at($2) END
