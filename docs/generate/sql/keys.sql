-- The keys, checks and indexes of a schema's tables; NOT NULL stands with the column, whatever the server's version.
-- Catalogue only: pg_constraint and pg_index by their tables.
SELECT pg_class.relname AS relation, pg_get_constraintdef(pg_constraint.oid) AS definition, 0 AS place,
       pg_constraint.conname AS name
FROM pg_constraint
JOIN pg_class ON pg_class.oid = pg_constraint.conrelid
JOIN pg_namespace ON pg_namespace.oid = pg_class.relnamespace
WHERE pg_namespace.nspname = $1 AND NOT pg_class.relispartition AND pg_constraint.contype IN ('p', 'u', 'f', 'c')
UNION ALL
SELECT owner.relname,
       regexp_replace(pg_get_indexdef(pg_index.indexrelid), '^CREATE (UNIQUE )?INDEX (\S+) ON (ONLY )?\S+ USING btree ',
                      '\1INDEX \2 '), 1, kept.relname
FROM pg_index
JOIN pg_class AS kept ON kept.oid = pg_index.indexrelid
JOIN pg_class AS owner ON owner.oid = pg_index.indrelid
JOIN pg_namespace ON pg_namespace.oid = owner.relnamespace
WHERE pg_namespace.nspname = $1 AND NOT owner.relispartition
  AND NOT EXISTS (SELECT FROM pg_constraint WHERE pg_constraint.conindid = pg_index.indexrelid
                  AND pg_constraint.conrelid = pg_index.indrelid)
ORDER BY relation, place, name
