-- Writes the rows of keys as they are after a batch.
-- Lock: the rows, in the order of keys, as they come.
INSERT INTO made_table
SELECT new.* FROM jsonb_populate_recordset(NULL::made_table, $1::text::jsonb) AS new
ON CONFLICT (key) DO UPDATE SET made_columns = made_columns
