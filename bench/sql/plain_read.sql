-- The whole log with all its columns, for a cursor.
-- Index: event_pkey, in order.
SELECT position, id, type, schema_version, tenant_id, user_id, aggregate_type, aggregate_id, stream_version, data::text,
       source, correlation_id, causation_id, causation_kind, actor, traceparent, occurred_at, recorded_at
FROM headrace.event ORDER BY position
