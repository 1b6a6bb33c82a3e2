-- Every event after a position, in or beyond the safe head; columns as read.sql has them.
-- Index: event_pkey, in order.
SELECT position, id, type, schema_version, tenant_id, user_id, aggregate_type, aggregate_id, stream_version, data::text,
       source, correlation_id, causation_id, causation_kind, actor, traceparent, occurred_at, recorded_at, path
FROM headrace.event
WHERE position > $1
ORDER BY position
