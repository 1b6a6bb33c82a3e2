-- Stores jobs that hold a unique key; where the key is held already, locks the holder's run and returns it instead.
-- Index: run_unique_key decides the race. The holder stays locked to the end of the transaction, so that a worker cannot
-- claim it before the caller's own writes are visible to it.
WITH new AS MATERIALIZED (
    SELECT * FROM unnest(
        $1::uuid[], $2::text[], $3::text[], $4::smallint[], $5::text[], $6::smallint[],
        $7::timestamptz[], $8::interval[], $9::uuid[], $10::text[], $11::uuid[], $12::uuid[], $13::text[], $14::text[],
        $15::text[], $16::text[], $17::text[], $19::text[], $20::text[], $21::boolean[], $22::interval[]
    ) WITH ORDINALITY AS new (id, kind, queue, priority, args, max_attempts, run_at, delay, parent_id, metadata,
                              correlation_id, causation_id, causation_kind, tenant_id, user_id, actor, traceparent,
                              unique_key, unique_while, is_debounced, max_wait, place)
), due AS MATERIALIZED (
    SELECT *, coalesce(run_at, coalesce($18::timestamptz, statement_timestamp()) + delay) AS due_at FROM new
), placed AS (
    INSERT INTO headrace.run AS run (job_id, queue, kind, priority, run_at, due_first_at, parent_id, unique_key, unique_while)
    SELECT id, queue, kind, priority, due_at, due_at, parent_id, unique_key, unique_while FROM due ORDER BY unique_key
    ON CONFLICT (unique_key) WHERE unique_key IS NOT NULL DO UPDATE
    SET run_at = CASE
        WHEN run.state = 'waiting' AND (SELECT is_debounced FROM due WHERE due.unique_key = excluded.unique_key)
        THEN greatest(run.run_at, least(
            excluded.run_at, run.due_first_at + (SELECT max_wait FROM due WHERE due.unique_key = excluded.unique_key)))
        ELSE run.run_at
    END
    RETURNING run.job_id, run.unique_key
), body AS (
    INSERT INTO headrace.job (id, kind, queue, priority, args, max_attempts, parent_id, metadata, correlation_id,
                              causation_id, causation_kind, tenant_id, user_id, actor, traceparent)
    SELECT id, kind, queue, priority, args::jsonb, max_attempts, parent_id, metadata::jsonb, correlation_id,
           causation_id, causation_kind, tenant_id, user_id, actor, traceparent
    FROM due WHERE id IN (SELECT job_id FROM placed)
), family AS (
    INSERT INTO headrace.progress (job_id, child_count)
    SELECT parent_id, count(*) FROM due
    WHERE parent_id IS NOT NULL AND id IN (SELECT job_id FROM placed) GROUP BY parent_id ORDER BY parent_id DESC
    ON CONFLICT (job_id) DO UPDATE
    SET child_count = progress.child_count + excluded.child_count, updated_at = clock_timestamp()
)
SELECT placed.job_id, placed.job_id = due.id AS is_new
FROM due JOIN placed USING (unique_key) ORDER BY due.place
