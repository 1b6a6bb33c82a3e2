-- Lets those who bring jobs back take turns, to the end of the transaction: each holds what its jobs depend on while it locks them.
-- Lock: an advisory one of the transaction, before any row.
SELECT pg_advisory_xact_lock(hashtextextended('headrace.redrive', 0))
