-- The rows of a table with these keys, as this session sees them.
-- Index: the table's primary key.
SELECT jsonb_build_object({key})::text AS key, to_jsonb(each)::text AS row
FROM jsonb_populate_recordset(NULL::{table}, $1::text::jsonb) AS wanted
JOIN {table} AS each USING ({columns})
