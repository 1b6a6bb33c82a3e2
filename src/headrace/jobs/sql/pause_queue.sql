-- Pauses a queue; no row comes back where it is paused already.
-- Index: queue_pkey.
INSERT INTO headrace.queue AS known (name, paused_at, paused_by, pause_reason)
VALUES ($1, coalesce($4::timestamptz, statement_timestamp()), $2, $3)
ON CONFLICT (name) DO UPDATE
SET paused_at = excluded.paused_at, paused_by = excluded.paused_by, pause_reason = excluded.pause_reason
WHERE known.paused_at IS NULL
RETURNING name
