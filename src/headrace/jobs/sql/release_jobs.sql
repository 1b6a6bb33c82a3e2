-- Puts claimed jobs back: for a retry, a snooze, or because the worker stops. Fenced like finish_jobs.
-- Index: run_pkey.
WITH released AS MATERIALIZED (
    SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::interval[], $4::boolean[], $5::interval[], $6::text[])
        AS released (job_id, lease, delay, is_counted, duration, error)
), returned AS (
    UPDATE headrace.run
    SET state = 'waiting', lease = NULL, worker_id = NULL, claimed_at = NULL,
        attempt = run.attempt - CASE WHEN released.is_counted THEN 0 ELSE 1 END,
        run_at = CASE
            WHEN released.delay IS NULL THEN run.run_at
            ELSE coalesce($7::timestamptz, statement_timestamp()) + released.delay
        END
    FROM released
    WHERE run.job_id = released.job_id AND run.lease = released.lease
    RETURNING run.job_id, released.lease, run.attempt, released.duration, released.error
), failed AS (
    INSERT INTO headrace.failure (job_id, lease, attempt, failed_at, duration, error)
    SELECT job_id, lease, attempt, coalesce($7::timestamptz, statement_timestamp()), duration, error::jsonb
    FROM returned WHERE error IS NOT NULL
)
SELECT job_id FROM returned
