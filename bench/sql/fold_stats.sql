-- The same as a fold over batches.
-- Index: plain_stats_pkey.
INSERT INTO bench_stats AS known (key, notes, total)
SELECT aggregate_id, count(*), sum((data ->> 'number')::bigint)
FROM batch
WHERE aggregate_id IS NOT NULL
GROUP BY aggregate_id ORDER BY aggregate_id
ON CONFLICT (key) DO UPDATE SET notes = known.notes + excluded.notes, total = known.total + excluded.total
