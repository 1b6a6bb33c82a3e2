-- When the next waiting job of these kinds and queues (NULL for all) is due; NULL where none waits for later.
-- Index: none over all queues; for tests, whose tables are small.
SELECT min(run_at) FROM headrace.run
WHERE state = 'waiting'
  AND run_at > coalesce($3::timestamptz, statement_timestamp())
  AND kind = ANY ($1::text[])
  AND ($2::text[] IS NULL OR queue = ANY ($2))
  AND queue <> ALL (ARRAY(SELECT name FROM headrace.queue WHERE paused_at IS NOT NULL))
