-- Makes the filled table a partition of the log, which retention leaves alone until then.
-- Lock: advisory, SHARE UPDATE EXCLUSIVE on the class, ACCESS EXCLUSIVE on its default partition for two seconds at most.
SELECT headrace.end_event_restore($1, coalesce($2::timestamptz, clock_timestamp()) + $3::interval)
