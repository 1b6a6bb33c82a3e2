-- Removes the rows of keys that have none after a batch.
-- Lock: the rows, held already by who loaded them.
DELETE FROM made_table WHERE key = ANY ($1::text[])
