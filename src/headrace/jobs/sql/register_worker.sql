-- Enters a worker process and returns its number.
-- Index: worker_pkey.
INSERT INTO headrace.worker (app, host, pid, queues, kinds, concurrency, lease_time, is_locked, subscriptions,
                             projections, started_at, heartbeat_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, statement_timestamp(), statement_timestamp())
RETURNING id
