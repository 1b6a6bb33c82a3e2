-- The sketch's poll: the one job that is next.
-- Index: sketch_job_pending; FOR UPDATE SKIP LOCKED.
SELECT * FROM sketch_job
WHERE status = 'pending' AND scheduled_for <= now()
ORDER BY priority, created_at
LIMIT 1
FOR UPDATE SKIP LOCKED
