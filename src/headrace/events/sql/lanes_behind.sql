-- The lanes of a subscription behind the safe head and not resting after a failure, the furthest behind first, and
-- how far each may look; whether an event for it lies there.
-- Index: checkpoint_pkey, then event_pkey from each checkpoint, so far as the lane may look.
SELECT checkpoint.lane, checkpoint.position, reach.position AS reach,
       EXISTS (
           SELECT FROM headrace.event
           WHERE event.position > checkpoint.position
             AND event.position <= reach.position
             AND ($2::text[] IS NULL OR event.type = ANY ($2))
             AND (
                 $3::integer = 1
                 OR headrace.lane_of(event.tenant_id, event.aggregate_type, event.aggregate_id, $3) = checkpoint.lane
             )
       ) AS has_events
FROM headrace.checkpoint
CROSS JOIN headrace.head
CROSS JOIN LATERAL (SELECT least(head.position, checkpoint.position + $4::bigint)) AS reach (position)
WHERE checkpoint.subscription = $1
  AND checkpoint.position < head.position
  AND (checkpoint.retry_at IS NULL OR checkpoint.retry_at <= coalesce($5::timestamptz, statement_timestamp()))
ORDER BY checkpoint.position, checkpoint.lane
