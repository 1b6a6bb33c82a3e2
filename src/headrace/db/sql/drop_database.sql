-- Drops a database and whoever is connected to it; the name is put in quoted.
-- Lock: none may be held; runs outside a transaction.
DROP DATABASE IF EXISTS {name} WITH (FORCE)
