-- How far the safe head is behind the newest visible event, and since when it has not moved.
-- Index: event_pkey from its end; head has one row.
SELECT head.position, coalesce((SELECT max(position) FROM headrace.event), 0) AS newest,
       extract(epoch FROM clock_timestamp() - head.settled_at)::float AS settled_seconds_ago
FROM headrace.head
