-- Who may have drawn positions that are not decided yet: the virtual transactions holding the log's insert lock.
-- Lock: reads the lock table, which any role may; prepared transactions keep their virtual id while the server runs.
SELECT DISTINCT virtualtransaction
FROM pg_catalog.pg_locks
WHERE locktype = 'relation'
  AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
  AND relation = 'headrace.event'::regclass
  AND mode = 'RowExclusiveLock'
  AND granted
