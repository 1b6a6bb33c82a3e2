-- Removes a schedule; the jobs it made stay.
-- Index: schedule_pkey.
DELETE FROM headrace.schedule WHERE name = $1
