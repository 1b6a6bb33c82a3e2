-- The enumerated types of a schema, and their values in order.
-- Catalogue only: pg_enum by its type.
SELECT pg_type.typname AS name, string_agg(format('`%s`', pg_enum.enumlabel), ', ' ORDER BY pg_enum.enumsortorder) AS meaning
FROM pg_type
JOIN pg_namespace ON pg_namespace.oid = pg_type.typnamespace
JOIN pg_enum ON pg_enum.enumtypid = pg_type.oid
WHERE pg_namespace.nspname = $1
GROUP BY pg_type.typname ORDER BY pg_type.typname
