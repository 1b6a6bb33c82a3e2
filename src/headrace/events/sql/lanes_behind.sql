-- The lanes of a subscription with something to do and not resting after a failure, the furthest behind first: how far
-- each may look, whether an event for it lies there, and whether a parked stream of it is to be resumed.
-- Index: checkpoint_pkey, then event_pkey from each checkpoint, so far as the lane may look.
SELECT checkpoint.lane, checkpoint.position, reach.position AS reach,
       EXISTS (
           SELECT FROM headrace.event
           WHERE event.position > checkpoint.position
             AND event.position <= reach.position
             AND event.retention <> $5
             AND ($2::text[] IS NULL OR event.type = ANY ($2))
             AND (
                 checkpoint.lane_count = 1
                 OR headrace.lane_of(event.tenant_id, event.aggregate_type, event.aggregate_id, checkpoint.lane_count)
                    = checkpoint.lane
             )
       ) AS has_events,
       resuming.is_there AS has_resuming, checkpoint.generation
FROM headrace.checkpoint
JOIN headrace.subscription ON subscription.name = checkpoint.subscription
CROSS JOIN headrace.head
CROSS JOIN LATERAL (SELECT least(head.position, checkpoint.position + $3::bigint)) AS reach (position)
CROSS JOIN LATERAL (
    SELECT checkpoint.parked_count > 0 AND EXISTS (
        SELECT FROM headrace.parked_stream
        WHERE parked_stream.subscription = $1
          AND parked_stream.state = 'resuming'
          AND headrace.parked_lane(parked_stream.tenant_id, parked_stream.aggregate_type, parked_stream.aggregate_id,
                                   checkpoint.lane_count) = checkpoint.lane
    )
) AS resuming (is_there)
WHERE checkpoint.subscription = $1
  AND subscription.paused_at IS NULL
  AND (checkpoint.position < head.position OR resuming.is_there)
  AND (checkpoint.retry_at IS NULL OR checkpoint.retry_at <= coalesce($4::timestamptz, statement_timestamp()))
ORDER BY checkpoint.position, checkpoint.lane
