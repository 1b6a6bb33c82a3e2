-- The columns of a schema's tables and views, in the order they were made.
-- Catalogue only: pg_attribute by its table.
SELECT pg_class.relname AS relation, pg_attribute.attname AS name,
       format_type(pg_attribute.atttypid, pg_attribute.atttypmod) AS type, pg_attribute.attnotnull AS is_required,
       col_description(pg_class.oid, pg_attribute.attnum) AS comment
FROM pg_attribute
JOIN pg_class ON pg_class.oid = pg_attribute.attrelid
JOIN pg_namespace ON pg_namespace.oid = pg_class.relnamespace
WHERE pg_namespace.nspname = $1 AND pg_class.relkind IN ('r', 'p', 'v') AND NOT pg_class.relispartition
  AND pg_attribute.attnum > 0 AND NOT pg_attribute.attisdropped
ORDER BY pg_class.relname, pg_attribute.attnum
