-- One page of a partition after a position, each event as a line of an archive.
-- Index: the partition's positions, in order.
SELECT page.position, headrace.event_line(page.event), page.type, page.recorded_at
FROM (
    SELECT event.position, event, event.type, event.recorded_at
    FROM headrace.event
    WHERE event.retention = $1
      AND event.position >= coalesce($2::bigint, 0) AND event.position < coalesce($3::bigint, 9223372036854775807)
      AND event.recorded_at >= coalesce($4::timestamptz, '-infinity')
      AND event.recorded_at < coalesce($5::timestamptz, 'infinity')
      AND event.position > $6
    ORDER BY event.position
    LIMIT $7
) AS page
ORDER BY page.position
