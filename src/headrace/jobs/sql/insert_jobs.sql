-- Stores jobs: a body and a waiting run each, and counts the children into their parents' progress.
-- Index: job_pkey, run_pkey, run_claim or run_claim_keyed; progress rows of parents are locked newest first.
WITH new AS MATERIALIZED (
    SELECT * FROM unnest(
        $1::uuid[], $2::text[], $3::text[], $4::smallint[], $5::text[], $6::smallint[],
        $7::timestamptz[], $8::interval[], $9::uuid[], $10::text[], $11::uuid[], $12::uuid[], $13::text[], $14::text[],
        $15::text[], $16::text[], $17::text[], $18::text[], $19::integer[], $20::text[], $21::boolean[]
    ) AS new (id, kind, queue, priority, args, max_attempts, run_at, delay, parent_id, metadata, correlation_id,
              causation_id, causation_kind, tenant_id, user_id, actor, traceparent, limit_key, weight, path, is_told)
), body AS (
    INSERT INTO headrace.job (id, kind, queue, priority, args, max_attempts, parent_id, metadata, correlation_id,
                              causation_id, causation_kind, tenant_id, user_id, actor, traceparent, limit_key, weight, path, is_told)
    SELECT id, kind, queue, priority, args::jsonb, max_attempts, parent_id, metadata::jsonb, correlation_id,
           causation_id, causation_kind, tenant_id, user_id, actor, traceparent, limit_key, weight, path, is_told
    FROM new
), family AS (
    INSERT INTO headrace.progress (job_id, child_count)
    SELECT parent_id, count(*) FROM new WHERE parent_id IS NOT NULL GROUP BY parent_id ORDER BY parent_id DESC
    ON CONFLICT (job_id) DO UPDATE
    SET child_count = progress.child_count + excluded.child_count, updated_at = clock_timestamp()
)
INSERT INTO headrace.run (job_id, queue, kind, priority, run_at, parent_id, limit_key, weight)
SELECT id, queue, kind, priority, coalesce(run_at, coalesce($22::timestamptz, statement_timestamp()) + delay), parent_id,
       limit_key, weight
FROM new
