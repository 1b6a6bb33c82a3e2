-- Appends the new events of an import in their order, numbered on from where their streams were; how many, and where.
-- Lock: none of its own; the streams' rows are held already, the positions are the column's default.
WITH numbered AS (
    SELECT staged.*,
           stream.version - count(*) OVER whole + row_number() OVER (PARTITION BY staged.tenant_id, staged.aggregate_type,
               staged.aggregate_id ORDER BY staged.place) AS stream_version
    FROM pg_temp.headrace_import AS staged
    LEFT JOIN headrace.stream USING (tenant_id, aggregate_type, aggregate_id)
    WHERE NOT staged.is_known
    WINDOW whole AS (PARTITION BY staged.tenant_id, staged.aggregate_type, staged.aggregate_id)
),
appended AS (
    INSERT INTO headrace.event (
        tenant_id, aggregate_type, aggregate_id, stream_version, id, type, schema_version, data, user_id, source,
        correlation_id, causation_id, causation_kind, actor, traceparent, occurred_at, path, retention
    )
    SELECT tenant_id, aggregate_type, aggregate_id, stream_version, id, type, schema_version, data, user_id,
           source, correlation_id, causation_id, causation_kind, actor, traceparent, occurred_at, path, retention
    FROM numbered
    ORDER BY place
    RETURNING position, tenant_id, id
),
placed AS (
    UPDATE headrace.given_id
    SET position = appended.position
    FROM appended
    WHERE given_id.tenant_id = appended.tenant_id AND given_id.id = appended.id
)
SELECT count(*), min(position), max(position) FROM appended
