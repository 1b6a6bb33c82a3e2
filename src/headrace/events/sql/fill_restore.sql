-- Writes lines of an archive into the table that a partition is restored into.
-- Lock: none that others meet; the table is of this transaction.
SELECT headrace.fill_event_partition($1, $2::text[])
