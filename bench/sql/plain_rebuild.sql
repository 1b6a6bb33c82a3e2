-- What a rebuild of the projection comes to, written by hand: one statement over the whole log.
-- Index: none; the log is read once.
INSERT INTO plain_stats (key, notes, total)
SELECT aggregate_id, count(*), sum((data ->> 'number')::bigint)
FROM headrace.event
WHERE type = 'bench.happened' AND aggregate_id IS NOT NULL
GROUP BY aggregate_id
