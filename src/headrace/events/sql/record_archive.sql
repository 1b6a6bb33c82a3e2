-- Notes that a partition of the log was dropped, and which file has its events.
-- Lock: the partition's row (event_archive_pkey), in the transaction that drops it.
INSERT INTO headrace.event_archive AS known (
    partition, class, low_position, high_position, low_at, high_at, event_count, first_position, last_position, file, sha256,
    dropped_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, clock_timestamp())
ON CONFLICT (partition) DO UPDATE
SET event_count = excluded.event_count, first_position = excluded.first_position, last_position = excluded.last_position,
    file = coalesce(excluded.file, known.file), sha256 = coalesce(excluded.sha256, known.sha256),
    dropped_at = excluded.dropped_at, keep_until = NULL
