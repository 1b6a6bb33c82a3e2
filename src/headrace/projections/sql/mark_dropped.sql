-- Notes that a build's tables are gone.
-- Lock: under that of the projection (projection_build_pkey).
UPDATE headrace.projection_build SET state = 'dropped', is_wanted = false, dropped_at = clock_timestamp()
WHERE projection = $1 AND build = $2
