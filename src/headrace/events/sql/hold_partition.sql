-- Keeps a partition as it is and says whether it holds so many events up to a position; NULL where it is gone.
-- Lock: advisory, then EXCLUSIVE on the partition, which readers do not meet, to the end of the transaction.
SELECT headrace.hold_event_partition($1, $2, $3)
