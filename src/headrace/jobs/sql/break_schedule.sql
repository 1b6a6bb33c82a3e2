-- Disables a schedule that cannot be read, unless it was changed since.
-- Index: schedule_pkey.
UPDATE headrace.schedule SET disabled_because = $3, next_at = NULL, revision = revision + 1
WHERE name = $1 AND revision = $2
RETURNING name
