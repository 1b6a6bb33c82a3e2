-- Stores a schedule; no row comes back where the name is taken.
-- Index: schedule_pkey decides the race.
INSERT INTO headrace.schedule (
    name, kind, args, cron, timezone, every, catch_up, catch_up_limit, queue, priority, max_attempts, tenant_id, user_id,
    source, app, declaration, is_paused, paused_by, disabled_because, anchor_at, next_at, last_at, last_job_id, edited_at,
    edited_by, created_at
)
VALUES ($1, $2, $3::text::jsonb, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16::text::jsonb, $17, $18, $19,
        $20, $21, $22, $23, $24, $25, $26)
ON CONFLICT (name) DO NOTHING
RETURNING name
