-- Drops a partition of the log that this transaction holds.
-- Lock: ACCESS EXCLUSIVE on the partition and its class, for the catalogue's sake; the caller bounds the wait.
SELECT headrace.drop_event_partition($1)
