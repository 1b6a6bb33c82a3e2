-- One stretch of the log below a position, newest first: the events of it that fit, and how far and over how many it went.
-- Index: event_pkey backwards, so many rows. Between two unknown positions the planner expects next to nothing, and sorts what is a million
-- rows; the lower one is a pair, of which it expects more.
WITH walked AS MATERIALIZED (
    SELECT event.* FROM headrace.event
    WHERE event.position <= least((SELECT head.position FROM headrace.head), $1::bigint - 1)
      AND (event.position, 0) > ($2::bigint, 0)
    ORDER BY event.position DESC LIMIT $3
), edge AS (
    SELECT count(*) AS walked_count, min(position) AS walked_to FROM walked
), fitting AS (
    SELECT position, id, type, schema_version, tenant_id, user_id, aggregate_type, aggregate_id, stream_version, data::text AS data,
           source, correlation_id, causation_id, causation_kind, actor, occurred_at, recorded_at
    FROM walked
    WHERE ($4::text[] IS NULL OR type = ANY ($4))
      AND ($5::text IS NULL OR aggregate_type = $5)
      AND ($9::text IS NULL OR aggregate_id = $9)
      AND ($6::text IS NULL OR tenant_id = $6)
      AND ($7::text IS NULL OR user_id = $7)
      AND ($8::text IS NULL OR position($8 IN left(walked.data::text, 4096)) > 0)
)
SELECT edge.walked_count, edge.walked_to, fitting.* FROM edge LEFT JOIN fitting ON true
ORDER BY fitting.position DESC
