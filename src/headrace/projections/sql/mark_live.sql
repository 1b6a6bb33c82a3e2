-- Notes that a build is shown now.
-- Lock: under that of the projection (projection_build_pkey).
UPDATE headrace.projection_build
SET state = 'live', is_wanted = false, last_error = NULL, shown_at = clock_timestamp()
WHERE projection = $1 AND build = $2
