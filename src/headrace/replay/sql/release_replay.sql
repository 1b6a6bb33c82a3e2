-- Lets a replay go that a job has found paused: the next one may take it up.
-- Lock: the replay's row, held by the caller.
UPDATE headrace.replay SET job_id = NULL WHERE id = $1
