-- Bumps one stream by so many events if it is at the version expected; no row comes back otherwise.
-- Lock: the stream's row (stream_pkey), until the end of the transaction.
INSERT INTO headrace.stream AS stream (tenant_id, aggregate_type, aggregate_id, version)
SELECT $1::text, $2::text, $3::text, $4::bigint
WHERE $5::bigint <= 0 OR EXISTS (
    SELECT FROM headrace.stream AS known
    WHERE known.tenant_id = $1 AND known.aggregate_type = $2 AND known.aggregate_id = $3
)
ON CONFLICT (tenant_id, aggregate_type, aggregate_id) DO UPDATE
    SET version = stream.version + excluded.version
    WHERE $5 = -1 OR stream.version = $5
RETURNING stream.version
