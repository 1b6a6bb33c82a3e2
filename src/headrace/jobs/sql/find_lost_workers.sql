-- The workers that are gone. Either their heartbeat is older than the lease; or it is older than the grace and the server has
-- dropped their session lock, which it does the moment a process dies (a worker behind a pooler has none). After a restart of
-- the server, when every lock is gone and no heartbeat could be written, the workers of before get a whole lease to come back.
-- Index: worker is small; pg_locks is read once.
SELECT worker.id
FROM headrace.worker
WHERE greatest(worker.heartbeat_at, pg_postmaster_start_time()) < statement_timestamp() - worker.lease_time
   OR (worker.is_locked AND worker.heartbeat_at < statement_timestamp() - $1::interval
       AND pg_postmaster_start_time() < greatest(worker.started_at, statement_timestamp() - worker.lease_time)
       AND NOT EXISTS (
           SELECT FROM pg_locks
           WHERE pg_locks.locktype = 'advisory' AND pg_locks.classid = 1214603634 AND pg_locks.objid = worker.id::integer
             AND pg_locks.objsubid = 2 AND pg_locks.granted
             AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())))
ORDER BY worker.id
