-- The number of the last migration applied of a set; 0 for none.
-- Index: migration_pkey.
SELECT coalesce(max(number), 0) FROM headrace.migration WHERE set_name = $1
