-- Appends the events of an import that were numbered as they came, all of them new, in their order; how many, and where.
-- Lock: none of its own; the streams' rows are held already, the positions are the column's default.
WITH counted AS MATERIALIZED (
    SELECT tenant_id, aggregate_type, aggregate_id, max(stream_place) AS count
    FROM pg_temp.headrace_import
    WHERE aggregate_type IS NOT NULL
    GROUP BY tenant_id, aggregate_type, aggregate_id
),
begun AS MATERIALIZED (
    SELECT tenant_id, aggregate_type, aggregate_id, stream.version - counted.count AS version
    FROM counted JOIN headrace.stream USING (tenant_id, aggregate_type, aggregate_id)
),
appended AS (
    INSERT INTO headrace.event (
        tenant_id, aggregate_type, aggregate_id, stream_version, id, type, schema_version, data, user_id, source,
        correlation_id, causation_id, causation_kind, actor, traceparent, occurred_at, path, retention
    )
    SELECT tenant_id, aggregate_type, aggregate_id, begun.version + stream_place, id, type, schema_version, data,
           user_id, source, correlation_id, causation_id, causation_kind, actor, traceparent, occurred_at, path, retention
    FROM pg_temp.headrace_import LEFT JOIN begun USING (tenant_id, aggregate_type, aggregate_id)
    ORDER BY place
    RETURNING position
)
SELECT count(*), min(position), max(position) FROM appended
