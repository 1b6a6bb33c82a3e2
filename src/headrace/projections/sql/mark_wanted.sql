-- Asks workers to let the views show a build.
-- Lock: under that of the projection (projection_build_pkey).
UPDATE headrace.projection_build SET is_wanted = true WHERE projection = $1 AND build = $2
