-- Keeps what verifying a build has found, and sets one that is wrong aside.
-- Lock: its row (projection_build_pkey).
UPDATE headrace.projection_build
SET state = CASE WHEN $3::boolean THEN state ELSE 'unfit' END, verdict = $4::text::jsonb,
    verified_at = clock_timestamp(), last_error = NULL
WHERE projection = $1 AND build = $2 AND state = 'ready' AND verified_at IS NULL
RETURNING true
