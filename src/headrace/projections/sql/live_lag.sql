-- For how long the oldest event waits that a serving subscription has not passed yet; 0 where none waits.
-- Index: checkpoint_pkey, then event_pkey from each checkpoint to its first event. Paused ones and rebuilds do not count.
SELECT coalesce(max(extract(epoch FROM clock_timestamp() - waiting.recorded_at)), 0)::float8
FROM headrace.subscription
JOIN headrace.checkpoint ON checkpoint.subscription = subscription.name
CROSS JOIN headrace.head
CROSS JOIN LATERAL (
    SELECT event.recorded_at
    FROM headrace.event
    WHERE event.position > checkpoint.position AND event.position <= head.position
    ORDER BY event.position
    LIMIT 1
) AS waiting
WHERE subscription.paused_at IS NULL
  AND checkpoint.failure_count = 0
  AND NOT EXISTS (
      SELECT FROM headrace.projection_build AS build
      WHERE build.projection || '__' || build.build = subscription.name AND build.state NOT IN ('live', 'kept')
  )
