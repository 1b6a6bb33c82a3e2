-- How many rows a build's table has.
-- Index: none; the table is read once.
SELECT count(*) FROM made_table
