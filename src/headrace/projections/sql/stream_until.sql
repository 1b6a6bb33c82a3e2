-- One page of one stream after a position, up to a position.
-- Index: event_stream; positions rise with versions in a stream.
SELECT position, id, type, schema_version, tenant_id, user_id, aggregate_type, aggregate_id, stream_version, data::text,
       source, correlation_id, causation_id, causation_kind, actor, traceparent, occurred_at, recorded_at, path
FROM headrace.event
WHERE tenant_id = $1
  AND aggregate_type = $2
  AND aggregate_id = $3
  AND position > $4
  AND position <= $5
  AND type = ANY ($6::text[])
ORDER BY stream_version
LIMIT $7
