-- Lets a replay go on, with another job where one is given.
-- Lock: the replay's row, held by the caller.
UPDATE headrace.replay SET paused_at = NULL, job_id = coalesce($2, job_id) WHERE id = $1
