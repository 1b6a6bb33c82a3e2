-- One page of the log after a position, up to the safe head and a last position, of what is wanted.
-- Index: event_pkey, in order; the head in the same snapshot, so that all up to it is visible.
SELECT position, id, type, schema_version, tenant_id, user_id, aggregate_type, aggregate_id, stream_version, data::text,
       source, correlation_id, causation_id, causation_kind, actor, traceparent, occurred_at, recorded_at, path
FROM headrace.event
WHERE position > $1
  AND position <= least($2::bigint, (SELECT head.position FROM headrace.head))
  AND ($3::text[] IS NULL OR type = ANY ($3))
  AND ($4::text IS NULL OR tenant_id = $4)
  AND ($5::text IS NULL OR user_id = $5)
  AND ($6::text IS NULL OR aggregate_type = $6)
  AND ($7::uuid IS NULL OR correlation_id = $7)
  AND ($8::timestamptz IS NULL OR recorded_at >= $8)
  AND ($9::timestamptz IS NULL OR recorded_at < $9)
  AND retention <> $11
ORDER BY position
LIMIT $10
