-- Appends one event outside any stream that inherits no context: as emit_unasked, with seven values.
-- Lock: none; the position is the column's default.
INSERT INTO headrace.event (id, type, schema_version, data, source, correlation_id, occurred_at, retention)
VALUES ($1::uuid, $2::text, $3::smallint, $4::text::jsonb, $5::text, $1, $6::timestamptz, $7::text)
