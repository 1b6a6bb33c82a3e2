-- The next events of one lane after its checkpoint, without those handled when the lanes were others.
-- Index: event_pkey, in order; lane_floor_pkey for each event; under the lock of the lane's checkpoint.
SELECT position, id, type, schema_version, tenant_id, user_id, aggregate_type, aggregate_id, stream_version, data::text,
       source, correlation_id, causation_id, causation_kind, actor, traceparent, occurred_at, recorded_at, path
FROM headrace.event
WHERE position > $1
  AND position <= $2
  AND ($3::text[] IS NULL OR type = ANY ($3))
  AND ($4::integer = 1 OR headrace.lane_of(tenant_id, aggregate_type, aggregate_id, $4) = $5::integer)
  AND retention <> $8
  AND NOT EXISTS (
      SELECT FROM headrace.lane_floor AS passed
      WHERE passed.subscription = $7
        AND passed.lane = headrace.lane_of(event.tenant_id, event.aggregate_type, event.aggregate_id, passed.lane_count)
        AND passed.position >= event.position
  )
ORDER BY position
LIMIT $6
