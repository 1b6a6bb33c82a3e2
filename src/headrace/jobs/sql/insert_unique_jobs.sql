-- Stores the jobs whose unique key nobody holds, by a job or by a window that is not over, and returns them.
-- Index: unique_hold_pkey for jobs with a window, then run_unique_key, decide the race, each in key order; who meets a key being
-- stored waits for that transaction. A job without a window only looks at those of others.
WITH new AS MATERIALIZED (
    SELECT *, coalesce(run_at, coalesce($22::timestamptz, statement_timestamp()) + delay) AS due_at FROM unnest(
        $1::uuid[], $2::text[], $3::text[], $4::smallint[], $5::text[], $6::smallint[],
        $7::timestamptz[], $8::interval[], $9::uuid[], $10::text[], $11::uuid[], $12::uuid[], $13::text[], $14::text[],
        $15::text[], $16::text[], $17::text[], $18::text[], $19::integer[], $20::text[], $21::boolean[], $23::text[], $24::text[], $25::interval[]
    ) AS new (id, kind, queue, priority, args, max_attempts, run_at, delay, parent_id, metadata, correlation_id,
              causation_id, causation_kind, tenant_id, user_id, actor, traceparent, limit_key, weight, path, is_told,
              unique_key, unique_while,
              time_window)
), held AS (
    INSERT INTO headrace.unique_hold (unique_key, job_id, until)
    SELECT unique_key, id, coalesce($22::timestamptz, statement_timestamp()) + time_window FROM new
    WHERE time_window IS NOT NULL ORDER BY unique_key
    ON CONFLICT (unique_key) DO UPDATE SET job_id = excluded.job_id, until = excluded.until
    WHERE unique_hold.until <= coalesce($22::timestamptz, statement_timestamp())
    RETURNING unique_key
), placed AS (
    INSERT INTO headrace.run (job_id, queue, kind, priority, run_at, due_first_at, parent_id, unique_key, unique_while,
                              limit_key, weight)
    SELECT id, queue, kind, priority, due_at, due_at, parent_id, unique_key, unique_while, limit_key, weight FROM new
    WHERE CASE
        WHEN time_window IS NOT NULL THEN unique_key IN (SELECT unique_key FROM held)
        ELSE NOT EXISTS (
            SELECT FROM headrace.unique_hold
            WHERE unique_hold.unique_key = new.unique_key
              AND unique_hold.until > coalesce($22::timestamptz, statement_timestamp()))
    END
    ORDER BY unique_key
    ON CONFLICT (unique_key) WHERE unique_key IS NOT NULL DO NOTHING
    RETURNING run.job_id, run.unique_key
), body AS (
    INSERT INTO headrace.job (id, kind, queue, priority, args, max_attempts, parent_id, metadata, correlation_id,
                              causation_id, causation_kind, tenant_id, user_id, actor, traceparent, limit_key, weight, path, is_told,
                              unique_key, unique_while)
    SELECT id, kind, queue, priority, args::jsonb, max_attempts, parent_id, metadata::jsonb, correlation_id,
           causation_id, causation_kind, tenant_id, user_id, actor, traceparent, limit_key, weight, path, is_told,
           unique_key, unique_while
    FROM new WHERE id IN (SELECT job_id FROM placed)
), family AS (
    INSERT INTO headrace.progress (job_id, child_count)
    SELECT parent_id, count(*) FROM new
    WHERE parent_id IS NOT NULL AND id IN (SELECT job_id FROM placed) GROUP BY parent_id ORDER BY parent_id DESC
    ON CONFLICT (job_id) DO UPDATE
    SET child_count = progress.child_count + excluded.child_count, updated_at = clock_timestamp()
)
SELECT job_id, unique_key FROM placed
