-- The operations that were begun a while ago and have not ended.
-- Index: operation_pkey; the table is small.
SELECT id, action, actor, seen_count, total_count FROM headrace.operation
WHERE ended_at IS NULL AND begun_at < statement_timestamp() - interval '10 minutes' ORDER BY id LIMIT 20
