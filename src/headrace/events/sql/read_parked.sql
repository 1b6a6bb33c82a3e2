-- The first events that wait in a parked stream.
-- Index: parked_event_pkey in order, then event_pkey by position; under the locks of lane and stream.
SELECT event.position, event.id, event.type, event.schema_version, event.tenant_id, event.user_id, event.aggregate_type,
       event.aggregate_id, event.stream_version, event.data::text, event.source, event.correlation_id, event.causation_id,
       event.causation_kind, event.actor, event.traceparent, event.occurred_at, event.recorded_at, event.path
FROM headrace.parked_event AS waiting
JOIN headrace.event ON event.position = waiting.position
WHERE waiting.subscription = $1 AND waiting.tenant_id = $2 AND waiting.aggregate_type = $3 AND waiting.aggregate_id = $4
ORDER BY waiting.position
LIMIT $5
