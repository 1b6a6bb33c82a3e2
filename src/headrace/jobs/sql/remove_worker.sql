-- Removes a worker that holds no job any more.
-- Index: worker_pkey, run_held_by.
DELETE FROM headrace.worker
WHERE id = $1 AND NOT EXISTS (SELECT FROM headrace.run WHERE run.worker_id = $1 AND run.state = 'processing')
