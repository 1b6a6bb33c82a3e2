-- The safe head, when it was last found to be safe, and the newest event there is.
-- Index: head_pkey; event_position backwards, one row of each partition.
SELECT head.position, head.settled_at, clock_timestamp() AS now,
       coalesce((SELECT event.position FROM headrace.event ORDER BY event.position DESC LIMIT 1), 0) AS newest
FROM headrace.head
