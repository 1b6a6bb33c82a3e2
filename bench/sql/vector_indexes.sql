-- The indexes by which vectors are found, with what makes each.
-- Index: none; the catalog.
SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'crm' AND indexdef LIKE '%USING hnsw%'
