-- The number of the process that runs this statement.
-- Lock: none.
SELECT pg_backend_pid()
