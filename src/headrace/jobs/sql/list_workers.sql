-- The registered workers and how many jobs each holds.
-- Index: run_held_by.
SELECT worker.id, worker.app, worker.host, worker.pid, worker.queues, worker.concurrency, worker.started_at,
       worker.heartbeat_at, worker.stopping_at,
       (SELECT count(*) FROM headrace.run WHERE run.worker_id = worker.id AND run.state = 'processing') AS held_count
FROM headrace.worker ORDER BY worker.id
