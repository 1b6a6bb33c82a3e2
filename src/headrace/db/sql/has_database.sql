-- Whether the server has a database of this name.
-- Index: pg_database_datname_index.
SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)
