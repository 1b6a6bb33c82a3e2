-- The tables and views of a schema, without partitions, in the order of their names.
-- Catalogue only: pg_class by its schema.
SELECT pg_namespace.nspname AS schema, pg_class.relname AS name,
       CASE WHEN pg_class.relkind = 'v' THEN 'View'
            WHEN pg_class.relkind = 'p' THEN 'Partitioned table'
            ELSE 'Table' END AS kind,
       obj_description(pg_class.oid, 'pg_class') AS comment
FROM pg_class JOIN pg_namespace ON pg_namespace.oid = pg_class.relnamespace
WHERE pg_namespace.nspname = $1 AND pg_class.relkind IN ('r', 'p', 'v') AND NOT pg_class.relispartition
ORDER BY pg_class.relname
