-- Stores jobs that differ in nothing but their args and limit keys (NULL where none has one): as insert_jobs, with everything else
-- given once.
-- Index: job_pkey, run_pkey, run_claim or run_claim_keyed; the parent's progress row is locked. Measured: 17 arrays cost half as much again.
WITH body AS (
    INSERT INTO headrace.job (id, kind, queue, priority, args, max_attempts, parent_id, metadata, correlation_id,
                              causation_id, causation_kind, tenant_id, user_id, actor, traceparent, limit_key, weight, path, is_told)
    SELECT id, $3::text, $4::text, $5::smallint, args::jsonb, $6::smallint, $9::uuid, $10::text::jsonb,
           coalesce($11::uuid, id), $12::uuid, $13::text, $14::text, $15::text, $16::text, $17::text, limit_key,
           $19::integer, $20::text, $21::boolean
    FROM unnest($1::uuid[], $2::text[], $18::text[]) AS new (id, args, limit_key)
), family AS (
    INSERT INTO headrace.progress (job_id, child_count)
    SELECT $9, cardinality($1) WHERE $9 IS NOT NULL
    ON CONFLICT (job_id) DO UPDATE
    SET child_count = progress.child_count + excluded.child_count, updated_at = clock_timestamp()
)
INSERT INTO headrace.run (job_id, queue, kind, priority, run_at, parent_id, limit_key, weight)
SELECT id, $4, $3, $5, coalesce($7::timestamptz, coalesce($22::timestamptz, statement_timestamp()) + $8::interval), $9, limit_key,
       $19::integer
FROM unnest($1::uuid[], $18::text[]) AS new (id, limit_key)
