-- One page of one stream after a version, of what is wanted.
-- Index: event_stream, in order; the stream's row lock lets its events become visible in order, so no head is needed.
SELECT position, id, type, schema_version, tenant_id, user_id, aggregate_type, aggregate_id, stream_version, data::text,
       source, correlation_id, causation_id, causation_kind, actor, traceparent, occurred_at, recorded_at, path
FROM headrace.event
WHERE tenant_id = $1
  AND aggregate_type = $2
  AND aggregate_id = $3
  AND stream_version > $4
  AND retention <> 'lifecycle'  -- they are in no stream
  AND ($5::bigint IS NULL OR stream_version <= $5)
  AND ($6::text[] IS NULL OR type = ANY ($6))
  AND ($7::text IS NULL OR user_id = $7)
  AND ($8::uuid IS NULL OR correlation_id = $8)
  AND ($9::timestamptz IS NULL OR recorded_at >= $9)
  AND ($10::timestamptz IS NULL OR recorded_at < $10)
ORDER BY stream_version
LIMIT $11
