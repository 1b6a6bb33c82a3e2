-- Lets events wait behind the one that their stream is parked at.
-- Lock: none of its own; under the lock of the lane's checkpoint, which moves over them in the same transaction.
INSERT INTO headrace.parked_event (subscription, tenant_id, aggregate_type, aggregate_id, position)
SELECT $1, waiting.tenant_id, waiting.aggregate_type, waiting.aggregate_id, waiting.position
FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[]) AS waiting (tenant_id, aggregate_type, aggregate_id, position)
