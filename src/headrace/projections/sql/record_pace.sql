-- Keeps how fast a build is filled, for those who look, and for who fills it after a crash.
-- Lock: its row (projection_build_pkey).
UPDATE headrace.projection_build SET work_seconds = work_seconds + $3, pace = $4::text::jsonb
WHERE projection = $1 AND build = $2
