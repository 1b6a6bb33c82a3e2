-- How many events a partition holds, and from which position to which; 0 for none.
-- Index: none, it counts the partition.
SELECT count(*), coalesce(min(position), 0), coalesce(max(position), 0)
FROM headrace.event
WHERE retention = $1
  AND position >= coalesce($2::bigint, 0) AND position < coalesce($3::bigint, 9223372036854775807)
  AND recorded_at >= coalesce($4::timestamptz, '-infinity') AND recorded_at < coalesce($5::timestamptz, 'infinity')
