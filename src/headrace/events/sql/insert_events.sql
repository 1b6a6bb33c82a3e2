-- Appends events in the order given, so that their positions follow it.
-- Lock: none of its own; the streams' rows are held already, the positions are the column's default.
INSERT INTO headrace.event (
    tenant_id, aggregate_type, aggregate_id, stream_version, id, type, schema_version, data, user_id, source,
    correlation_id, causation_id, causation_kind, actor, traceparent, occurred_at, path, retention
)
SELECT tenant_id, aggregate_type, aggregate_id, stream_version, id, type, schema_version, data::jsonb, user_id, source,
       correlation_id, causation_id, causation_kind, actor, traceparent, occurred_at, path, retention
FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::bigint[], $5::uuid[], $6::text[], $7::smallint[], $8::text[],
    $9::text[], $10::text[], $11::uuid[], $12::uuid[], $13::text[], $14::text[], $15::text[], $16::timestamptz[], $17::text[],
    $18::text[]
) WITH ORDINALITY AS given (
    tenant_id, aggregate_type, aggregate_id, stream_version, id, type, schema_version, data, user_id, source,
    correlation_id, causation_id, causation_kind, actor, traceparent, occurred_at, path, retention, place
)
ORDER BY place
RETURNING position, recorded_at
