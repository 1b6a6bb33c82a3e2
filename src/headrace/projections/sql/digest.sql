-- How many rows a table has, and the sum of their hashes, whatever their order.
-- Index: none; the table is read once, in a snapshot of the caller's.
SELECT count(*), coalesce(sum(hashtextextended((to_jsonb(one) - $1::text[])::text, 0)::numeric), 0)
FROM made_table AS one
