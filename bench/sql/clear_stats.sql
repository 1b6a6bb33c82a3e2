-- Empties the table that is filled by hand.
-- Lock: the table, exclusively.
TRUNCATE plain_stats
