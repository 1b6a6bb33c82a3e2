-- As append_together for events that inherit no context and come from one app: half as many arrays to send, to read and to join.
-- Lock: as append_together, the streams' rows (stream_pkey) in the order given, all held before the first position is drawn.
WITH given AS MATERIALIZED (
    SELECT given.* FROM (SELECT set_config('lock_timeout', '50ms', true)) AS bound CROSS JOIN unnest(
        $2::uuid[], $3::text[], $4::smallint[], $5::text[], $6::timestamptz[], $7::text[], $8::text[], $9::text[]
    ) WITH ORDINALITY AS given (
        id, type, schema_version, data, occurred_at, retention, aggregate_type, aggregate_id, place
    )
), bumped AS (
    INSERT INTO headrace.stream AS stream (aggregate_type, aggregate_id, version)
    SELECT aggregate_type, aggregate_id, 1 FROM given WHERE aggregate_type IS NOT NULL ORDER BY place
    ON CONFLICT (tenant_id, aggregate_type, aggregate_id) DO UPDATE SET version = stream.version + 1
    RETURNING stream.aggregate_type, stream.aggregate_id, stream.version
)
INSERT INTO headrace.event (
    aggregate_type, aggregate_id, stream_version, id, type, schema_version, data, source, correlation_id, occurred_at, retention
)
SELECT given.aggregate_type, given.aggregate_id, bumped.version, given.id, given.type, given.schema_version,
       given.data::jsonb, $1::text, given.id, given.occurred_at, given.retention
FROM given LEFT JOIN bumped USING (aggregate_type, aggregate_id)
ORDER BY given.place
