-- The partitions above a position, or the one named, that retention has dropped, oldest events first, and whether they are in the log again.
-- Index: none; one row for each partition that was ever dropped.
SELECT known.partition, known.class, known.event_count, known.first_position, known.last_position, known.low_at, known.high_at,
       known.file, known.sha256, known.dropped_at, known.restored_at, known.keep_until,
       there.name IS NOT NULL AS is_restored
FROM headrace.event_archive AS known
LEFT JOIN headrace.event_partitions() AS there ON there.name = known.partition
WHERE known.first_position > $2 AND ($3::text IS NULL OR known.partition = $3)
ORDER BY known.first_position, known.partition
LIMIT $1
