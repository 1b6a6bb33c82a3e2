-- Settles the jobs that wait for these ended ones, and tells the parents of those that are cancelled thereby.
-- Index: dependency_open, run_pkey in id order; progress rows of parents are locked last of all, the newest first.
WITH settled AS MATERIALIZED (
    SELECT * FROM headrace.settle_dependents($1::uuid[], $2::text[], coalesce($3::timestamptz, statement_timestamp()))
), family AS MATERIALIZED (
    SELECT progress.job_id FROM headrace.progress
    WHERE progress.job_id IN (SELECT parent_id FROM settled) ORDER BY progress.job_id DESC FOR UPDATE
), rolled AS (
    UPDATE headrace.progress
    SET ended_count = progress.ended_count + share.ended_count, failed_count = progress.failed_count + share.failed_count,
        updated_at = clock_timestamp()
    FROM family JOIN (
        SELECT parent_id, count(*) AS ended_count, count(*) FILTER (WHERE ending = 'cancelled') AS failed_count
        FROM settled GROUP BY parent_id
    ) AS share ON share.parent_id = family.job_id
    WHERE progress.job_id = family.job_id
)
SELECT count(*) FROM settled
