-- Appends events that have nothing to do with each other: at most one to a stream, none with a version it expects.
-- Lock: the streams' rows (stream_pkey) in the order given, which is that of every writer; all are held before the first position is
-- drawn, as the events are sorted in between. Where somebody holds one of them for long, none is appended: the others need not wait.
WITH given AS MATERIALIZED (
    SELECT given.* FROM (SELECT set_config('lock_timeout', '50ms', true)) AS bound CROSS JOIN unnest(
        $1::text[], $2::text[], $3::text[], $4::uuid[], $5::text[], $6::smallint[], $7::text[], $8::text[], $9::text[], $10::uuid[],
        $11::uuid[], $12::text[], $13::text[], $14::text[], $15::timestamptz[], $16::text[], $17::text[]
    ) WITH ORDINALITY AS given (
        tenant_id, aggregate_type, aggregate_id, id, type, schema_version, data, user_id, source, correlation_id,
        causation_id, causation_kind, actor, traceparent, occurred_at, path, retention, place
    )
), bumped AS (
    INSERT INTO headrace.stream AS stream (tenant_id, aggregate_type, aggregate_id, version)
    SELECT tenant_id, aggregate_type, aggregate_id, 1 FROM given WHERE aggregate_type IS NOT NULL ORDER BY place
    ON CONFLICT (tenant_id, aggregate_type, aggregate_id) DO UPDATE SET version = stream.version + 1
    RETURNING stream.tenant_id, stream.aggregate_type, stream.aggregate_id, stream.version
)
INSERT INTO headrace.event (
    tenant_id, aggregate_type, aggregate_id, stream_version, id, type, schema_version, data, user_id, source,
    correlation_id, causation_id, causation_kind, actor, traceparent, occurred_at, path, retention
)
SELECT given.tenant_id, given.aggregate_type, given.aggregate_id, bumped.version, given.id, given.type, given.schema_version,
       given.data::jsonb, given.user_id, given.source, given.correlation_id, given.causation_id, given.causation_kind, given.actor,
       given.traceparent, given.occurred_at, given.path, given.retention
FROM given LEFT JOIN bumped USING (tenant_id, aggregate_type, aggregate_id)
ORDER BY given.place
