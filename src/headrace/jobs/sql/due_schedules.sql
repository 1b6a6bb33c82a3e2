-- The schedules whose next tick has been due for at least so long.
-- Index: schedule_due.
SELECT name, kind, args::text AS args, cron, timezone, every, catch_up, catch_up_limit, queue, priority, max_attempts,
       tenant_id, user_id, source, app, declaration::text AS declaration, is_paused, paused_by, disabled_because,
       anchor_at, next_at, last_at, last_job_id, created_at, edited_at, edited_by, revision,
       coalesce($3::timestamptz, statement_timestamp()) AS now
FROM headrace.schedule
WHERE next_at <= coalesce($3::timestamptz, statement_timestamp()) - $1::interval
ORDER BY next_at, name
LIMIT $2
