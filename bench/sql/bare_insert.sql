-- Stores the rows of one job, its body and its run, and nothing else: what any way to store it must at least do.
-- Index: job_pkey, run_pkey, run_claim.
WITH body AS (
    INSERT INTO headrace.job (id, kind, queue, priority, args, max_attempts, correlation_id)
    VALUES ($1, $2, $3, $4, $5::text::jsonb, $6, $1)
)
INSERT INTO headrace.run (job_id, queue, kind, priority, run_at) VALUES ($1, $3, $2, $4, statement_timestamp())
