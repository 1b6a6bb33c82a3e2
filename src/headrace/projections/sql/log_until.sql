-- The events of some types in a span of positions.
-- Index: event_pkey, in order.
SELECT position, id, type, schema_version, tenant_id, user_id, aggregate_type, aggregate_id, stream_version, data::text,
       source, correlation_id, causation_id, causation_kind, actor, traceparent, occurred_at, recorded_at, path
FROM headrace.event
WHERE position > $1
  AND position <= $2
  AND ($3::text[] IS NULL OR type = ANY ($3))
ORDER BY position
