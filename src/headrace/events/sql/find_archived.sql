-- What is known of a partition that retention dropped, and whether it is in the log again; no row for one it did not drop.
-- Index: event_archive_pkey, and the catalogue.
SELECT known.event_count, known.first_position, known.last_position, known.sha256,
       EXISTS (SELECT FROM headrace.event_partitions() AS there WHERE there.name = known.partition) AS is_there
FROM headrace.event_archive AS known
WHERE known.partition = $1
