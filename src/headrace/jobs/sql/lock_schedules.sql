-- Locks the schedules of these names, and all that an app's code has declared, to change them.
-- Lock: their rows, in order of name; schedule_pkey.
SELECT name, kind, args::text AS args, cron, timezone, every, catch_up, catch_up_limit, queue, priority, max_attempts,
       tenant_id, user_id, source, app, declaration::text AS declaration, is_paused, paused_by, disabled_because,
       anchor_at, next_at, last_at, last_job_id, created_at, edited_at, edited_by, revision
FROM headrace.schedule
WHERE name = ANY ($1::text[]) OR (source = 'code' AND app = $2)
ORDER BY name
FOR UPDATE
