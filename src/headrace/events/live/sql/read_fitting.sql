-- The events between two positions that fit a viewer's filter, at most so many; the last position is at or below the safe head.
-- Index: event_pkey, in order; the caller bounds how far apart the positions are, since few events may fit.
SELECT position, id, type, schema_version, tenant_id, user_id, aggregate_type, aggregate_id, stream_version, data::text,
       source, correlation_id, causation_id, causation_kind, actor, traceparent, occurred_at, recorded_at, path
FROM headrace.event
WHERE position > $1
  AND position <= $2
  AND ($4::text[] IS NULL OR type = ANY ($4))
  AND ($5::text IS NULL OR tenant_id = $5)
  AND ($6::text IS NULL OR user_id = $6)
  AND ($7::uuid IS NULL OR correlation_id = $7)
  AND ($8::text IS NULL OR aggregate_type = $8)
  AND ($9::text IS NULL OR aggregate_id = $9)
  AND retention <> $10
ORDER BY position
LIMIT $3
