-- The databases whose names begin with a prefix, those that are copied last.
-- Index: none; a server has few databases.
SELECT datname AS name FROM pg_database WHERE starts_with(datname, $1) ORDER BY datallowconn DESC, datname
