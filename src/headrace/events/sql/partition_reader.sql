-- The first subscription that has yet to handle an event of a partition, be it ahead of its checkpoint or parked.
-- Index: checkpoint_pkey, then the partition's positions from there; parked_event is walked.
SELECT subscription.name
FROM headrace.subscription
CROSS JOIN LATERAL (
    SELECT min(checkpoint.position) AS position FROM headrace.checkpoint WHERE checkpoint.subscription = subscription.name
) AS lanes
WHERE EXISTS (
    SELECT FROM headrace.event
    WHERE event.retention = $1
      AND event.position > lanes.position
      AND event.position >= coalesce($2::bigint, 0) AND event.position < coalesce($3::bigint, 9223372036854775807)
      AND event.recorded_at >= coalesce($4::timestamptz, '-infinity')
      AND event.recorded_at < coalesce($5::timestamptz, 'infinity')
      AND (subscription.types IS NULL OR event.type = ANY (subscription.types))
) OR EXISTS (
    SELECT FROM headrace.parked_event
    JOIN headrace.event ON event.position = parked_event.position
    WHERE parked_event.subscription = subscription.name
      AND event.retention = $1
      AND event.position >= coalesce($2::bigint, 0) AND event.position < coalesce($3::bigint, 9223372036854775807)
      AND event.recorded_at >= coalesce($4::timestamptz, '-infinity')
      AND event.recorded_at < coalesce($5::timestamptz, 'infinity')
)
ORDER BY subscription.name
LIMIT 1
