-- Makes the log's partitions ahead of need, by position and by time; returns how many were made.
-- Lock: advisory, then SHARE UPDATE EXCLUSIVE on the log's classes, which lets appends and reads go on.
SELECT headrace.ensure_event_partition($1, $2) + headrace.ensure_event_spans(1, clock_timestamp())
