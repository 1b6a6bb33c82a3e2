-- Who has written events and has not ended, the longest first: what the safe head may wait for. Sessions and prepared transactions.
-- Lock: none; the lock table is looked at once. Another user's query is told only to a role that may read it.
WITH held AS MATERIALIZED (
    SELECT * FROM pg_locks WHERE granted AND locktype IN ('relation', 'transactionid')
), writing AS (
    SELECT DISTINCT pid, virtualtransaction FROM held
    WHERE database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND relation = 'headrace.event'::regclass AND mode = 'RowExclusiveLock'
)
SELECT CASE WHEN writing.pid IS NULL THEN 'prepared transaction' ELSE 'process' END AS kind,
       coalesce(writing.pid::text, prepared.gid) AS name,
       CASE WHEN writing.pid IS NULL THEN prepared.owner::text ELSE activity.application_name END AS application,
       left(activity.query, 200) AS query,
       extract(epoch FROM clock_timestamp() - coalesce(activity.xact_start, prepared.prepared))::float AS age_seconds
FROM writing
LEFT JOIN pg_stat_activity AS activity ON activity.pid = writing.pid
LEFT JOIN held AS own
  ON writing.pid IS NULL AND own.pid IS NULL AND own.virtualtransaction = writing.virtualtransaction
 AND own.locktype = 'transactionid'
LEFT JOIN pg_prepared_xacts AS prepared ON prepared.transaction = own.transactionid
WHERE activity.pid IS NOT NULL OR prepared.gid IS NOT NULL
ORDER BY age_seconds DESC NULLS LAST LIMIT 20
