-- Makes the log's partitions of the next positions ahead of need; returns how many were made.
-- Lock: advisory, then SHARE UPDATE EXCLUSIVE on the log, which lets appends and reads go on.
SELECT headrace.ensure_event_partition($1, $2)
