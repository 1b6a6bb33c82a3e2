-- The partitions of the log whose events are all older than their class is kept, without those restored for a time; oldest first.
-- Index: the catalogue; the newest event of a full partition of class domain by event_pkey, backwards.
SELECT known.name, known.class, known.low_position, known.high_position, known.low_at, known.high_at
FROM headrace.event_partitions() AS known
JOIN unnest($1::text[], $2::interval[]) AS kept (class, period) ON kept.class = known.class AND kept.period IS NOT NULL
CROSS JOIN LATERAL (SELECT coalesce($3::timestamptz, clock_timestamp()) AS now) AS moment
WHERE (
          -- By the clock of the database as well: that is what new events are parted by.
          known.high_at <= least(moment.now - kept.period, clock_timestamp())
          OR (known.high_position - 1 <= (SELECT head.position FROM headrace.head) AND (
              SELECT event.recorded_at FROM headrace.event
              WHERE event.retention = 'domain' AND event.position >= known.low_position AND event.position < known.high_position
              ORDER BY event.position DESC LIMIT 1
          ) < moment.now - kept.period)
      )
  AND NOT EXISTS (
      SELECT FROM headrace.event_archive
      WHERE event_archive.partition = known.name AND event_archive.keep_until > moment.now
  )
ORDER BY coalesce(known.low_at, '-infinity'), known.low_position, known.name
