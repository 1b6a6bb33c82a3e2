-- The first due job of these kinds and queues (NULL for all), by priority, due time and id; none that another is about to take,
-- none of a paused queue.
-- Index: none over all queues; for tests, whose tables are small. FOR UPDATE SKIP LOCKED, of the one row.
SELECT job_id, queue, priority, run_at
FROM headrace.run
WHERE state = 'waiting'
  AND run_at <= coalesce($3::timestamptz, statement_timestamp())
  AND kind = ANY ($1::text[])
  AND ($2::text[] IS NULL OR queue = ANY ($2))
  AND queue <> ALL (ARRAY(SELECT name FROM headrace.queue WHERE paused_at IS NOT NULL))
ORDER BY priority, run_at, job_id
LIMIT 1
FOR UPDATE SKIP LOCKED
