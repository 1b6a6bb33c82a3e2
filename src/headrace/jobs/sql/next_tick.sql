-- How long until the next tick of any schedule, negative where it is overdue; NULL where none is to come.
-- Index: schedule_due.
SELECT min(next_at) - coalesce($1::timestamptz, statement_timestamp())
FROM headrace.schedule WHERE next_at IS NOT NULL
