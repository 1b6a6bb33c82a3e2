-- Bumps the streams of a part of an import, each by its number of events; their versions after, and when each was held.
-- Lock: the streams' rows (stream_pkey) in the order given, which is the same for every writer.
INSERT INTO headrace.stream AS stream (tenant_id, aggregate_type, aggregate_id, version)
SELECT wanted.tenant_id, wanted.aggregate_type, wanted.aggregate_id, wanted.event_count
FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[])
    WITH ORDINALITY AS wanted (tenant_id, aggregate_type, aggregate_id, event_count, place)
ORDER BY wanted.place
ON CONFLICT (tenant_id, aggregate_type, aggregate_id) DO UPDATE
    SET version = stream.version + excluded.version
RETURNING tenant_id, aggregate_type, aggregate_id, version, clock_timestamp()
