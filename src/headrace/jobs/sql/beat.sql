-- Renews a worker's heartbeat; no row comes back where the worker was given up.
-- Index: worker_pkey (a HOT update).
UPDATE headrace.worker SET heartbeat_at = statement_timestamp() WHERE id = $1 RETURNING id
