-- Bumps a stream, whatever it is at, and appends one event to it, for somebody who does not ask where the event is.
-- Lock: the stream's row (stream_pkey); the position is drawn only once it is held.
WITH bumped AS (
    INSERT INTO headrace.stream AS stream (tenant_id, aggregate_type, aggregate_id, version)
    VALUES ($1::text, $2::text, $3::text, 1)
    ON CONFLICT (tenant_id, aggregate_type, aggregate_id) DO UPDATE SET version = stream.version + 1
    RETURNING stream.version
)
INSERT INTO headrace.event (
    tenant_id, aggregate_type, aggregate_id, stream_version, id, type, schema_version, data, user_id, source,
    correlation_id, causation_id, causation_kind, actor, traceparent, occurred_at, path, retention
)
SELECT $1, $2, $3, bumped.version, $4::uuid, $5::text, $6::smallint, $7::text::jsonb, $8::text, $9::text,
       $10::uuid, $11::uuid, $12::text, $13::text, $14::text, $15::timestamptz, $16::text, $17::text
FROM bumped
