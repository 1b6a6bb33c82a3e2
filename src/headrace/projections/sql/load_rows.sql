-- The rows of keys, as JSON, to be folded on.
-- Index: the table's primary key; rows are locked in the order of keys.
SELECT made_table.key, (to_jsonb(made_table) - 'key')::text FROM made_table
WHERE made_table.key = ANY ($1::text[])
ORDER BY made_table.key
FOR UPDATE
