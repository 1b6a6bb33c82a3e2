-- The lanes of some subscriptions with something to do and not resting after a failure, the furthest behind first: how far
-- each may look, whether an event for it lies there, and whether a parked stream of it is to be resumed. `number` is that of its
-- subscription among those given, from 1. What they want are lists in JSON, NULL for all; all of them pass one class over.
-- Index: checkpoint_pkey, then event_pkey from each checkpoint, so far as the lane may look.
WITH wanted AS MATERIALIZED (
    SELECT wanted.number, wanted.subscription, wanted.size, wanted.types IS NULL AS is_all,
           ARRAY(SELECT jsonb_array_elements_text(wanted.types::jsonb)) AS types
    FROM unnest($1::text[], $2::text[], $3::bigint[]) WITH ORDINALITY AS wanted (subscription, types, size, number)
)
SELECT wanted.number::integer, checkpoint.lane, checkpoint.position, reach.position AS reach,
       EXISTS (
           SELECT FROM headrace.event
           WHERE event.position > checkpoint.position
             AND event.position <= reach.position
             AND event.retention <> $5
             AND (wanted.is_all OR event.type = ANY (wanted.types))
             AND (
                 checkpoint.lane_count = 1
                 OR headrace.lane_of(event.tenant_id, event.aggregate_type, event.aggregate_id, checkpoint.lane_count)
                    = checkpoint.lane
             )
       ) AS has_events,
       resuming.is_there AS has_resuming, checkpoint.generation
FROM wanted
JOIN headrace.checkpoint ON checkpoint.subscription = wanted.subscription
JOIN headrace.subscription ON subscription.name = wanted.subscription
CROSS JOIN headrace.head
CROSS JOIN LATERAL (SELECT least(head.position, checkpoint.position + wanted.size)) AS reach (position)
CROSS JOIN LATERAL (
    SELECT checkpoint.parked_count > 0 AND EXISTS (
        SELECT FROM headrace.parked_stream
        WHERE parked_stream.subscription = wanted.subscription
          AND parked_stream.state = 'resuming'
          AND headrace.parked_lane(parked_stream.tenant_id, parked_stream.aggregate_type, parked_stream.aggregate_id,
                                   checkpoint.lane_count) = checkpoint.lane
    )
) AS resuming (is_there)
WHERE subscription.paused_at IS NULL
  AND (checkpoint.position < head.position OR resuming.is_there)
  AND (checkpoint.retry_at IS NULL OR checkpoint.retry_at <= coalesce($4::timestamptz, statement_timestamp()))
ORDER BY checkpoint.position, checkpoint.lane
