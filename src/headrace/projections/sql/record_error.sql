-- Keeps why a build could not be verified or shown just now.
-- Lock: its row (projection_build_pkey).
UPDATE headrace.projection_build SET last_error = $3 WHERE projection = $1 AND build = $2
