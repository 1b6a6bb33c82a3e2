-- Ends the pause of a queue; no row comes back where it is not paused.
-- Index: queue_pkey.
UPDATE headrace.queue SET paused_at = NULL, paused_by = NULL, pause_reason = NULL
WHERE name = $1 AND paused_at IS NOT NULL
RETURNING name
