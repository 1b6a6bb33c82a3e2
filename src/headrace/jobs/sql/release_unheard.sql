-- Gives back, uncounted, what a worker holds under leases it never heard of: claims that committed, and whose answer was lost.
-- Index: run_held_by.
UPDATE headrace.run
SET state = 'waiting', lease = NULL, worker_id = NULL, claimed_at = NULL, attempt = run.attempt - 1
WHERE worker_id = $1 AND state = 'processing' AND lease > $2 AND lease <> ALL ($3::bigint[])
RETURNING job_id
