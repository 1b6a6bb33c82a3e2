-- Bumps a stream, whatever it is at, and appends one event to it that inherits no context: as append_unasked, with nine values.
-- Lock: the stream's row (stream_pkey); the position is drawn only once it is held.
WITH bumped AS (
    INSERT INTO headrace.stream AS stream (aggregate_type, aggregate_id, version)
    VALUES ($8::text, $9::text, 1)
    ON CONFLICT (tenant_id, aggregate_type, aggregate_id) DO UPDATE SET version = stream.version + 1
    RETURNING stream.version
)
INSERT INTO headrace.event (
    aggregate_type, aggregate_id, stream_version, id, type, schema_version, data, source, correlation_id, occurred_at, retention
)
SELECT $8, $9, bumped.version, $1::uuid, $2::text, $3::smallint, $4::text::jsonb, $5::text, $1, $6::timestamptz, $7::text
FROM bumped
