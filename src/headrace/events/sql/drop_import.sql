-- Drops the table that an import was staged in, so that the transaction may import again.
-- Lock: none that others meet; it is the session's own.
DROP TABLE pg_temp.headrace_import
