-- How large the tables of jobs and of the log are: counted up to a bound, beyond it as the server keeps count; the last hour of the log.
-- Index: none, so many rows of each at most; event_pkey by bisection.
SELECT least($1::bigint, (SELECT count(*) FROM (SELECT FROM headrace.outcome LIMIT $1) AS part)) AS ended_counted,
       least($1::bigint, (SELECT count(*) FROM (SELECT FROM headrace.event LIMIT $1) AS part)) AS event_counted,
       (SELECT coalesce(sum(pg_stat_get_live_tuples(relid)), 0)::bigint
        FROM pg_partition_tree('headrace.outcome') WHERE isleaf) AS ended_kept,
       (SELECT coalesce(sum(pg_stat_get_live_tuples(relid)), 0)::bigint
        FROM pg_partition_tree('headrace.event') WHERE isleaf) AS event_kept,
       pg_stat_get_live_tuples('headrace.run'::regclass) AS living_kept,
       (SELECT greatest(head.position - headrace.position_at(
            coalesce($2::timestamptz, statement_timestamp()) - interval '1 hour'), 0)
        FROM headrace.head) AS last_hour
