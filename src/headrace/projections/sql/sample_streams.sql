-- The streams of the first events of some types at or after each of some places of the log.
-- Index: event_pkey from each place, looking so far ahead.
SELECT DISTINCT found.tenant_id, found.aggregate_type, found.aggregate_id
FROM unnest($1::bigint[]) AS place (position)
CROSS JOIN LATERAL (
    SELECT event.tenant_id, event.aggregate_type, event.aggregate_id
    FROM headrace.event
    WHERE event.position > place.position
      AND event.position <= least($2::bigint, place.position + $4::bigint)
      AND event.type = ANY ($3::text[])
      AND event.aggregate_type IS NOT NULL
    ORDER BY event.position
    LIMIT 1
) AS found
ORDER BY 1, 2, 3
