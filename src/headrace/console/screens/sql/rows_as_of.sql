-- Some rows of a table of a read model that was folded for this look.
-- Index: none; the table has the rows of one stream.
SELECT * FROM {table} LIMIT $1
