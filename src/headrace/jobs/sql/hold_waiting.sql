-- Locks the waiting holders of unique keys to the end of the transaction, and pushes back those that are debounced.
-- Index: run_unique_key; FOR UPDATE in key order.
WITH wanted AS MATERIALIZED (
    SELECT unique_key, is_debounced, max_wait, coalesce(run_at, coalesce($6::timestamptz, statement_timestamp()) + delay) AS due_at
    FROM unnest($1::text[], $2::boolean[], $3::interval[], $4::timestamptz[], $5::interval[])
        AS wanted (unique_key, is_debounced, max_wait, run_at, delay)
), held AS MATERIALIZED (
    SELECT run.job_id, run.unique_key FROM headrace.run
    WHERE run.unique_key = ANY ($1::text[]) AND run.state <> 'processing' ORDER BY run.unique_key FOR UPDATE
), pushed AS (
    UPDATE headrace.run
    SET run_at = greatest(run.run_at, least(wanted.due_at, run.due_first_at + wanted.max_wait))
    FROM held JOIN wanted ON wanted.unique_key = held.unique_key
    WHERE run.job_id = held.job_id AND wanted.is_debounced
)
SELECT job_id, unique_key FROM held
