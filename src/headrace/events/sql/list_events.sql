-- The newest events below the safe head that fit, as stored; a page ends before a position.
-- Index: event_pkey backwards; of one correlation event_correlation. The lower bound is a pair, for the planner expects next to nothing
-- between two unknown positions, and would sort what is a million rows. A filter on a rare value walks until the page is full.
WITH bounds AS MATERIALIZED (
    SELECT least(head.position, $1::bigint - 1) AS top FROM headrace.head
)
SELECT event.position, event.id, event.type, event.schema_version, event.tenant_id, event.user_id, event.aggregate_type,
       event.aggregate_id, event.stream_version, event.data::text AS data, event.source, event.correlation_id,
       event.causation_id, event.causation_kind, event.actor, event.occurred_at, event.recorded_at
FROM (
    SELECT * FROM headrace.event WHERE event.correlation_id = $4::uuid AND event.position <= (SELECT top FROM bounds)
    UNION ALL
    SELECT * FROM headrace.event WHERE $4 IS NULL AND event.position <= (SELECT top FROM bounds)
) AS event
WHERE (event.position, 0) > (coalesce($2::bigint, 0), 0)
  AND ($3::text[] IS NULL OR event.type = ANY ($3))
  AND ($5::text IS NULL OR event.aggregate_type = $5)
  AND ($6::text IS NULL OR event.aggregate_id = $6)
ORDER BY event.position DESC
LIMIT $7
