-- Writes how far jobs are; fenced by the lease each report was made under.
-- Index: progress_pkey, run_pkey.
WITH report AS MATERIALIZED (
    SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[])
        AS report (job_id, lease, done, total, message)
)
INSERT INTO headrace.progress (job_id, done, total, message)
SELECT report.job_id, report.done, report.total, report.message
FROM report JOIN headrace.run ON run.job_id = report.job_id AND run.lease = report.lease
ORDER BY report.job_id DESC
ON CONFLICT (job_id) DO UPDATE
SET done = excluded.done, total = excluded.total, message = excluded.message, updated_at = clock_timestamp()
RETURNING job_id
