-- Makes the engine's schema.
-- Lock: under the advisory lock of lock_migrations.
CREATE SCHEMA IF NOT EXISTS headrace
