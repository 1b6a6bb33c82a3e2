-- Remembers that a migration ran, in its own transaction.
-- Index: migration_pkey.
INSERT INTO headrace.migration (set_name, number, name) VALUES ($1, $2, $3)
