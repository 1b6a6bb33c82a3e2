-- Locks the waiting holders of unique keys to the end of the transaction; pushes back those that are debounced, and gives those
-- that are replaced what the new job would have had: all its attempts too, and no step done with the args of before, nor a wish
-- to cancel that was meant for them. Their bodies are rewritten after it, by rewrite_held.
-- Index: run_unique_key; FOR UPDATE in key order. step_pkey.
WITH wanted AS MATERIALIZED (
    SELECT unique_key, on_conflict, max_wait, coalesce(run_at, coalesce($7::timestamptz, statement_timestamp()) + delay) AS due_at,
           priority, limit_key, weight
    FROM unnest($1::text[], $2::text[], $3::interval[], $4::timestamptz[], $5::interval[], $6::smallint[], $8::text[], $9::integer[])
        AS wanted (unique_key, on_conflict, max_wait, run_at, delay, priority, limit_key, weight)
), held AS MATERIALIZED (
    SELECT run.job_id, run.unique_key FROM headrace.run
    WHERE run.unique_key = ANY ($1::text[]) AND run.state <> 'processing' ORDER BY run.unique_key FOR UPDATE
), moved AS (
    UPDATE headrace.run
    SET run_at = CASE wanted.on_conflict
            WHEN 'replace' THEN wanted.due_at
            ELSE greatest(run.run_at, least(wanted.due_at, run.due_first_at + wanted.max_wait))
        END,
        priority = CASE wanted.on_conflict WHEN 'replace' THEN wanted.priority ELSE run.priority END,
        attempt = CASE wanted.on_conflict WHEN 'replace' THEN 0 ELSE run.attempt END,
        cancel_requested_by = CASE wanted.on_conflict WHEN 'replace' THEN NULL ELSE run.cancel_requested_by END,
        limit_key = CASE wanted.on_conflict WHEN 'replace' THEN wanted.limit_key ELSE run.limit_key END,
        weight = CASE wanted.on_conflict WHEN 'replace' THEN wanted.weight ELSE run.weight END
    FROM held JOIN wanted ON wanted.unique_key = held.unique_key
    WHERE run.job_id = held.job_id AND wanted.on_conflict IN ('replace', 'debounce')
), forgotten AS (
    DELETE FROM headrace.step USING held JOIN wanted ON wanted.unique_key = held.unique_key
    WHERE step.job_id = held.job_id AND wanted.on_conflict = 'replace'
)
SELECT job_id, unique_key FROM held
