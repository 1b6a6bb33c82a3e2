-- The tables that change most: living and dead rows, when they were last vacuumed, and the bytes of them and of their indexes.
-- Lock: none but that of reading sizes; pg_stat_user_tables.
SELECT relname AS name, n_live_tup AS live_count, n_dead_tup AS dead_count,
       extract(epoch FROM clock_timestamp() - greatest(last_vacuum, last_autovacuum))::float AS vacuumed_seconds_ago,
       pg_table_size(relid) AS table_bytes, pg_indexes_size(relid) AS index_bytes
FROM pg_stat_user_tables
WHERE schemaname = 'headrace'
  AND relname IN ('run', 'progress', 'worker', 'checkpoint', 'head', 'stream', 'dependency', 'step')
ORDER BY relname
