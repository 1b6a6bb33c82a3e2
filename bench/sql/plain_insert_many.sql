-- Stores many jobs in the plain table with one statement.
-- Index: plain_job_pkey, plain_job_claim.
INSERT INTO plain_job (id, kind, queue, priority, args, max_attempts, correlation_id)
SELECT id, kind, queue, priority, args::jsonb, max_attempts, correlation_id
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::smallint[], $5::text[], $6::smallint[], $7::uuid[])
    AS new (id, kind, queue, priority, args, max_attempts, correlation_id)
