-- The jobs that hold unique keys by a window not yet over, whatever became of them.
-- Index: unique_hold_pkey.
SELECT job_id, unique_key FROM headrace.unique_hold
WHERE unique_key = ANY ($1::text[]) AND until > coalesce($2::timestamptz, statement_timestamp())
