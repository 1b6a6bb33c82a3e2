-- The CRM's indexes of a kind, gin or hnsw, with what makes each.
-- Index: none; the catalog.
SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'crm' AND indexdef LIKE '%USING ' || $1::text || ' %'
