-- Lets one process migrate at a time.
-- Lock: advisory, until the end of the transaction.
SELECT pg_advisory_xact_lock(hashtextextended('headrace.migrate', 0))
