-- Stores jobs that wait: of lower priority and due, or not due for a day.
-- Index: job_pkey, run_pkey, run_claim.
WITH new AS MATERIALIZED (
    SELECT (lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || '7'
            || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid AS id, number
    FROM generate_series(1, $1::integer) AS number
), body AS (
    INSERT INTO headrace.job (id, kind, queue, priority, args, max_attempts, correlation_id)
    SELECT id, 'spare-errand', 'default', $2::smallint, jsonb_build_object('number', number), 3, id FROM new
)
INSERT INTO headrace.run (job_id, queue, kind, priority, run_at)
SELECT id, 'default', 'spare-errand', $2, statement_timestamp() + $3::interval FROM new
