-- Grants what the schema has now to every role that was granted to before and is still there.
-- Lock: under the advisory lock of lock_migrations.
SELECT headrace.grant_app(known.name, known.schemas, known.drops_events)
FROM headrace.app_role AS known
WHERE EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = known.name)
ORDER BY known.name
