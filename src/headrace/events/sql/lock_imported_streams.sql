-- Bumps every stream of an import by its number of new events.
-- Lock: the streams' rows (stream_pkey), in the order all writers keep: that of the bytes of their names.
INSERT INTO headrace.stream AS stream (tenant_id, aggregate_type, aggregate_id, version)
SELECT tenant_id, aggregate_type, aggregate_id, count(*)
FROM pg_temp.headrace_import
WHERE aggregate_type IS NOT NULL AND NOT is_known
GROUP BY tenant_id, aggregate_type, aggregate_id
ORDER BY tenant_id COLLATE "C", aggregate_type COLLATE "C", aggregate_id COLLATE "C"
ON CONFLICT (tenant_id, aggregate_type, aggregate_id) DO UPDATE
    SET version = stream.version + excluded.version
