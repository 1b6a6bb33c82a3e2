-- Writes everything that may change of a schedule, and counts the change.
-- Lock: the row, held by the caller since it read it; schedule_pkey.
UPDATE headrace.schedule
SET kind = $2, args = $3::text::jsonb, cron = $4, timezone = $5, every = $6, catch_up = $7, catch_up_limit = $8, queue = $9,
    priority = $10, max_attempts = $11, tenant_id = $12, user_id = $13, source = $14, app = $15,
    declaration = $16::text::jsonb, is_paused = $17, paused_by = $18, disabled_because = $19, anchor_at = $20,
    next_at = $21, last_at = $22, last_job_id = $23, edited_at = $24, edited_by = $25, revision = revision + 1
WHERE name = $1
