-- Tells whether this database's schema knows of roles of applications.
-- Index: the catalogue's own.
SELECT to_regclass('headrace.app_role') IS NOT NULL
