-- Raises the safe head; a lower number changes nothing.
-- Lock: the head's one row.
UPDATE headrace.head SET position = $1, settled_at = clock_timestamp() WHERE position < $1
