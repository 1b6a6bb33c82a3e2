-- The tables that this transaction has written to: how often, and the columns of their primary keys.
-- Lock: none; the counters are the session's own.
SELECT format('%I.%I', touched.schemaname, touched.relname) AS name,
       touched.n_tup_ins AS insert_count, touched.n_tup_upd AS update_count, touched.n_tup_del AS delete_count,
       coalesce((
           SELECT array_agg(attribute.attname::text ORDER BY array_position(index.indkey::smallint[], attribute.attnum))
           FROM pg_index AS index
           JOIN pg_attribute AS attribute ON attribute.attrelid = index.indrelid AND attribute.attnum = ANY (index.indkey)
           WHERE index.indrelid = touched.relid AND index.indisprimary
       ), '{}') AS key
FROM pg_stat_xact_user_tables AS touched
WHERE touched.n_tup_ins + touched.n_tup_upd + touched.n_tup_del > 0
  AND touched.schemaname NOT LIKE 'pg\_temp%'
ORDER BY 1
