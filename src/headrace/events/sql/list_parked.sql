-- The parked streams of a subscription, longest parked first: the event each waits at, why, and how many wait.
-- Index: parked_stream_pkey, event_pkey by position, parked_event_pkey.
SELECT parked.subscription, parked.tenant_id, parked.aggregate_type, parked.aggregate_id, parked.position, parked.state,
       parked.failure_count, parked.last_error::text, parked.parked_at, event.id AS event_id, event.type AS event_type,
       (
           SELECT count(*) FROM headrace.parked_event AS waiting
           WHERE waiting.subscription = parked.subscription AND waiting.tenant_id = parked.tenant_id
             AND waiting.aggregate_type = parked.aggregate_type AND waiting.aggregate_id = parked.aggregate_id
       ) AS event_count
FROM headrace.parked_stream AS parked
LEFT JOIN headrace.event ON event.position = parked.position
WHERE ($1::text IS NULL OR parked.subscription = $1) AND ($2::bigint IS NULL OR parked.position = $2)
ORDER BY parked.parked_at, parked.position
LIMIT $3
