-- The names of the kinds that workers handle or have handled.
-- Index: kind_pkey, the whole of a small table.
SELECT name FROM headrace.kind ORDER BY name LIMIT 1000
