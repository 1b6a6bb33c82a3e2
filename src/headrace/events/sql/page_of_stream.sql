-- The events of one stream below a version, newest first, up to the safe head.
-- Index: event_stream backwards, in every partition.
SELECT position, id, type, schema_version, tenant_id, user_id, aggregate_type, aggregate_id, stream_version, data::text AS data,
       source, correlation_id, causation_id, causation_kind, actor, occurred_at, recorded_at
FROM headrace.event
WHERE tenant_id = $1 AND aggregate_type = $2 AND aggregate_id = $3 AND ($4::bigint IS NULL OR stream_version < $4)
  AND position <= (SELECT head.position FROM headrace.head)
ORDER BY stream_version DESC LIMIT $5
