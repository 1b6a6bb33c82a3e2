-- The schedules of these names, or all of them.
-- Index: schedule_pkey; there are few.
SELECT name, kind, args::text AS args, cron, timezone, every, catch_up, catch_up_limit, queue, priority, max_attempts,
       tenant_id, user_id, source, app, declaration::text AS declaration, is_paused, paused_by, disabled_because,
       anchor_at, next_at, last_at, last_job_id, created_at, edited_at, edited_by, revision
FROM headrace.schedule
WHERE $1::text[] IS NULL OR name = ANY ($1)
ORDER BY name
