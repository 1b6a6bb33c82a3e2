-- The functions of a schema, with what their comments say.
-- Catalogue only: pg_proc by its schema.
SELECT format('%s(%s)', pg_proc.proname, pg_get_function_arguments(pg_proc.oid)) AS name,
       obj_description(pg_proc.oid, 'pg_proc') AS meaning
FROM pg_proc JOIN pg_namespace ON pg_namespace.oid = pg_proc.pronamespace
WHERE pg_namespace.nspname = $1 AND pg_proc.prokind = 'f'
ORDER BY pg_proc.proname
