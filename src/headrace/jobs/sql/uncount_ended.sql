-- Takes jobs that come back out of what their parents have counted as ended, and as failed.
-- Index: progress_pkey, locked the newest first, after the runs that redrive_job has made.
WITH family AS MATERIALIZED (
    SELECT progress.job_id FROM headrace.progress
    WHERE progress.job_id = ANY ($1::uuid[]) ORDER BY progress.job_id DESC FOR UPDATE
)
UPDATE headrace.progress
SET ended_count = progress.ended_count - share.ended_count, failed_count = progress.failed_count - share.failed_count,
    updated_at = clock_timestamp()
FROM family JOIN (
    SELECT parent_id, count(*) AS ended_count, count(*) FILTER (WHERE is_failure) AS failed_count
    FROM unnest($1::uuid[], $2::boolean[]) AS body (parent_id, is_failure) GROUP BY parent_id
) AS share ON share.parent_id = family.job_id
WHERE progress.job_id = family.job_id
