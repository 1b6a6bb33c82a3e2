-- The newest events below the safe head that fit, as stored; a page ends before a position.
-- Index: event_pkey backwards.
SELECT event.position, event.id, event.type, event.schema_version, event.tenant_id, event.user_id, event.aggregate_type,
       event.aggregate_id, event.stream_version, event.data::text AS data, event.source, event.correlation_id,
       event.causation_id, event.causation_kind, event.actor, event.occurred_at, event.recorded_at
FROM headrace.event
WHERE event.position <= (SELECT head.position FROM headrace.head)
  AND ($1::bigint IS NULL OR event.position < $1)
  AND ($2::bigint IS NULL OR event.position > $2)
  AND ($3::text[] IS NULL OR event.type = ANY ($3))
  AND ($4::uuid IS NULL OR event.correlation_id = $4)
  AND ($5::text IS NULL OR event.aggregate_type = $5)
  AND ($6::text IS NULL OR event.aggregate_id = $6)
ORDER BY event.position DESC
LIMIT $7
