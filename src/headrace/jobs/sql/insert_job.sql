-- Stores one job without a parent: a body and a waiting run.
-- Index: job_pkey, run_pkey, run_claim or run_claim_keyed; locks nobody else's rows, so that it may be committed by itself.
WITH body AS (
    INSERT INTO headrace.job (id, kind, queue, priority, args, max_attempts, metadata, correlation_id, causation_id,
                              causation_kind, tenant_id, user_id, actor, traceparent, limit_key, weight, path, is_told)
    VALUES ($1::uuid, $2::text, $3::text, $4::smallint, $5::text::jsonb, $6::smallint, $9::text::jsonb,
            coalesce($10::uuid, $1), $11::uuid, $12::text, coalesce($13::text, ''), $14::text, $15::text, $16::text, $18::text,
            coalesce($19::integer, 1), $20::text, $21::boolean)
)
INSERT INTO headrace.run (job_id, queue, kind, priority, limit_key, weight, run_at)
VALUES ($1, $3, $2, $4, $18, coalesce($19, 1), coalesce($7::timestamptz, coalesce($17::timestamptz, statement_timestamp())
                                                  + coalesce($8::interval, interval '0')))
