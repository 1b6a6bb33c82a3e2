-- Appends one event outside any stream, for somebody who does not ask where it is.
-- Lock: none; the position is the column's default.
INSERT INTO headrace.event (
    tenant_id, id, type, schema_version, data, user_id, source,
    correlation_id, causation_id, causation_kind, actor, traceparent, occurred_at, path, retention
)
VALUES ($1::text, $2::uuid, $3::text, $4::smallint, $5::text::jsonb, $6::text, $7::text,
        $8::uuid, $9::uuid, $10::text, $11::text, $12::text, $13::timestamptz, $14::text, $15::text)
