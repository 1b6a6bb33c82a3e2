-- Stores one job in the plain table; run for one row, and by executemany for many.
-- Index: plain_job_pkey, plain_job_claim.
INSERT INTO plain_job (id, kind, queue, priority, args, max_attempts, correlation_id)
VALUES ($1, $2, $3, $4, $5::text::jsonb, $6, $7)
