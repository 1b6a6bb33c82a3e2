-- Keeps a snapshot, unless a newer version of the fold has one, or this version has one that is further.
-- Lock: the snapshot's row; of two who keep one at the same time the later sees the other's.
INSERT INTO headrace.stream_snapshot AS kept
    (tenant_id, aggregate_type, aggregate_id, fold, fold_version, fingerprint, stream_version, state, taken_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8::json, coalesce($9::timestamptz, clock_timestamp()))
ON CONFLICT (tenant_id, aggregate_type, aggregate_id, fold) DO UPDATE SET
    fold_version = excluded.fold_version, fingerprint = excluded.fingerprint, stream_version = excluded.stream_version,
    state = excluded.state, taken_at = excluded.taken_at
WHERE kept.fold_version < excluded.fold_version
   OR (kept.fold_version = excluded.fold_version
       AND (kept.fingerprint <> excluded.fingerprint OR kept.stream_version <= excluded.stream_version))
