-- Bumps a stream and appends one event to it in one round trip; no row comes back where its version differs.
-- Lock: the stream's row (stream_pkey); the position is drawn only once it is held.
WITH bumped AS (
    INSERT INTO headrace.stream AS stream (tenant_id, aggregate_type, aggregate_id, version)
    SELECT $1::text, $2::text, $3::text, 1
    WHERE $4::bigint <= 0 OR EXISTS (
        SELECT FROM headrace.stream AS known
        WHERE known.tenant_id = $1 AND known.aggregate_type = $2 AND known.aggregate_id = $3
    )
    ON CONFLICT (tenant_id, aggregate_type, aggregate_id) DO UPDATE
        SET version = stream.version + 1
        WHERE $4 = -1 OR stream.version = $4
    RETURNING stream.version
)
INSERT INTO headrace.event (
    tenant_id, aggregate_type, aggregate_id, stream_version, id, type, schema_version, data, user_id, source,
    correlation_id, causation_id, causation_kind, actor, traceparent, occurred_at, path, retention
)
SELECT $1, $2, $3, bumped.version, $5::uuid, $6::text, $7::smallint, $8::text::jsonb, $9::text, $10::text,
       $11::uuid, $12::uuid, $13::text, $14::text, $15::text, $16::timestamptz, $17::text, $18::text
FROM bumped
RETURNING position, stream_version, recorded_at
