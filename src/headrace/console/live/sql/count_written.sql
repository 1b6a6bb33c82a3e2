-- How many jobs, ends, failed attempts and events have been written since the server's statistics began, and how many rows they have.
-- Catalogue and statistics only: no table is read. What is dropped with a partition leaves the sums, so they may fall.
SELECT root.name, coalesce(sum(pg_stat_get_tuples_inserted(leaf.relid)), 0)::bigint AS written_count,
       coalesce(sum(greatest(pg_class.reltuples, pg_stat_get_live_tuples(leaf.relid))), 0)::bigint AS row_count
FROM (VALUES ('job'), ('outcome'), ('failure'), ('event')) AS root (name)
CROSS JOIN LATERAL pg_partition_tree(format('headrace.%I', root.name)::regclass) AS leaf
JOIN pg_class ON pg_class.oid = leaf.relid
WHERE leaf.isleaf
GROUP BY root.name
