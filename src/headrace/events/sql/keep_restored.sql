-- Lets retention leave a restored partition alone until then; one that was never dropped has no row, and needs none.
-- Lock: the partition's row (event_archive_pkey).
UPDATE headrace.event_archive SET keep_until = coalesce($2::timestamptz, clock_timestamp()) + $3::interval WHERE partition = $1
