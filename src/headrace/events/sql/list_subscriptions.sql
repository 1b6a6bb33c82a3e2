-- Every subscription, how far it is, and what waits: events not handled (counted up to a limit), since when, and what is parked.
-- Index: checkpoint_pkey, event_pkey from each subscription's checkpoint, lane_floor_pkey, parked_stream_pkey, parked_event_pkey. The upper
-- bound is a pair, for the planner expects next to nothing between two unknown positions, and would sort what is a million rows.
SELECT subscription.name, subscription.mode, subscription.types, subscription.lane_count, subscription.created_at,
       subscription.paused_at, subscription.paused_by, subscription.pause_reason,
       lanes.position, head.position AS head, lanes.event_count, lanes.resting_count, lanes.retry_at, lanes.last_error::text,
       behind.event_count AS behind_count, behind.oldest_at AS behind_since,
       coalesce(extract(epoch FROM clock_timestamp() - behind.oldest_at), 0)::float8 AS behind_seconds,
       (SELECT count(*) FROM headrace.parked_stream WHERE parked_stream.subscription = subscription.name) AS parked_streams,
       (SELECT count(*) FROM headrace.parked_event WHERE parked_event.subscription = subscription.name) AS parked_events
FROM headrace.subscription
CROSS JOIN headrace.head
CROSS JOIN LATERAL (
    SELECT min(position) AS position, sum(event_count)::bigint AS event_count,
           count(*) FILTER (WHERE failure_count > 0) AS resting_count, max(retry_at) AS retry_at,
           (array_agg(last_error ORDER BY retry_at DESC) FILTER (WHERE failure_count > 0))[1] AS last_error
    FROM headrace.checkpoint WHERE checkpoint.subscription = subscription.name
) AS lanes
CROSS JOIN LATERAL (
    SELECT count(*) AS event_count, min(waiting.recorded_at) AS oldest_at
    FROM (
        SELECT event.recorded_at
        FROM (
            SELECT event.position, event.recorded_at, event.type,
                   headrace.lane_of(event.tenant_id, event.aggregate_type, event.aggregate_id, subscription.lane_count) AS lane,
                   event.tenant_id, event.aggregate_type, event.aggregate_id
            FROM headrace.event
            WHERE event.position > lanes.position AND (event.position, 0) <= (head.position, 0)
            ORDER BY event.position OFFSET 0
        ) AS event
        WHERE (subscription.types IS NULL OR event.type = ANY (subscription.types))
          AND event.position > (
              SELECT checkpoint.position FROM headrace.checkpoint
              WHERE checkpoint.subscription = subscription.name AND checkpoint.lane = event.lane
          )
          AND NOT EXISTS (
              SELECT FROM headrace.lane_floor AS passed
              WHERE passed.subscription = subscription.name
                AND passed.lane = headrace.lane_of(event.tenant_id, event.aggregate_type, event.aggregate_id, passed.lane_count)
                AND passed.position >= event.position
          )
        ORDER BY event.position
        LIMIT $2
    ) AS waiting
) AS behind
WHERE $1::text IS NULL OR subscription.name = $1
ORDER BY subscription.name
