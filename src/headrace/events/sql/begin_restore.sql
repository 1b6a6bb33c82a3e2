-- Makes the table that a partition is restored into.
-- Lock: advisory by the partition's name, to the end of the transaction; nobody else sees the table before.
SELECT headrace.begin_event_restore($1)
