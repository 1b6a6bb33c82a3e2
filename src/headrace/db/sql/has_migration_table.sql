-- Tells whether this database was ever migrated.
-- Index: the catalogue's own.
SELECT to_regclass('headrace.migration') IS NOT NULL
