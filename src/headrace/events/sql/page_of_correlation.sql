-- The events of one correlation in order, up to the safe head.
-- Index: event_correlation.
SELECT position, id, type, schema_version, tenant_id, user_id, aggregate_type, aggregate_id, stream_version, data::text AS data,
       source, correlation_id, causation_id, causation_kind, actor, occurred_at, recorded_at
FROM headrace.event
WHERE correlation_id = $1 AND position > $2 AND position <= (SELECT head.position FROM headrace.head)
ORDER BY position LIMIT $3
