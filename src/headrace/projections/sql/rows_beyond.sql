-- A few rows that one table has and another has not.
-- Index: none; both tables are read once, in a snapshot of the caller's.
SELECT (to_jsonb(one) - $1::text[])::text FROM made_table AS one
EXCEPT ALL
SELECT (to_jsonb(two) - $1::text[])::text FROM other_table AS two
LIMIT $2
