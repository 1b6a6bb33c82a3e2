-- Notes that a build is no longer shown, and kept for a rollback.
-- Lock: under that of the projection (projection_build_pkey).
UPDATE headrace.projection_build SET state = 'kept', is_wanted = false WHERE projection = $1 AND build = $2
