-- Notes that a build has caught up; from now on it is kept so.
-- Lock: its row (projection_build_pkey).
UPDATE headrace.projection_build SET state = 'ready', filled_at = clock_timestamp()
WHERE projection = $1 AND build = $2 AND state = 'filling'
RETURNING true
