-- The version a stream is at, and the snapshot a fold can go on from, none later than a version; no row where the stream has no event.
-- Index: stream_pkey, stream_snapshot_pkey. One from before the log was put back to an older backup may be ahead of its stream.
SELECT stream.version, kept.stream_version, kept.state::text
FROM headrace.stream
LEFT JOIN headrace.stream_snapshot AS kept
    ON (kept.tenant_id, kept.aggregate_type, kept.aggregate_id) = (stream.tenant_id, stream.aggregate_type, stream.aggregate_id)
   AND kept.fold = $4 AND kept.fold_version = $5 AND kept.fingerprint = $6
   AND kept.stream_version <= least(stream.version, $7::bigint)
WHERE stream.tenant_id = $1 AND stream.aggregate_type = $2 AND stream.aggregate_id = $3
