-- How many jobs, outcomes and events were stored since the server began to count, as it keeps count of each table.
-- Index: none; the server's own counters of each partition.
SELECT coalesce(sum(pg_stat_get_tuples_inserted(relid)) FILTER (WHERE parent = 'job'), 0)::bigint AS jobs,
       coalesce(sum(pg_stat_get_tuples_inserted(relid)) FILTER (WHERE parent = 'outcome'), 0)::bigint AS ended,
       coalesce(sum(pg_stat_get_tuples_inserted(relid)) FILTER (WHERE parent = 'event'), 0)::bigint AS events,
       clock_timestamp() AS seen_at
FROM unnest(ARRAY['job', 'outcome', 'event']) AS parent,
     LATERAL (SELECT relid FROM pg_partition_tree(('headrace.' || parent)::regclass) WHERE isleaf) AS part
