-- Keeps lines of logs; the same line again is the same row, but for the count of those that are missing.
-- Index: job_log_pkey, in its order.
INSERT INTO headrace.job_log (job_id, lease, line, attempt, logged_at, level, logger, message, dropped_count)
SELECT DISTINCT ON (job_id, lease, line) job_id, lease, line, attempt, logged_at, level, logger, message, dropped_count
FROM unnest($1::uuid[], $2::bigint[], $3::integer[], $4::smallint[], $5::timestamptz[], $6::smallint[], $7::text[], $8::text[],
            $9::integer[])
    AS line (job_id, lease, line, attempt, logged_at, level, logger, message, dropped_count)
ORDER BY job_id, lease, line, dropped_count DESC
ON CONFLICT (job_id, lease, line) DO UPDATE
SET message = excluded.message, dropped_count = excluded.dropped_count
WHERE job_log.dropped_count < excluded.dropped_count
