-- Stores one job that is due now, has neither metadata nor a limit and inherits no context: as insert_job, with six values.
-- Index: job_pkey, run_pkey, run_claim; locks nobody else's rows, so that it may be committed by itself.
WITH body AS (
    INSERT INTO headrace.job (id, kind, queue, priority, args, max_attempts, correlation_id)
    VALUES ($1::uuid, $2::text, $3::text, $4::smallint, $5::text::jsonb, $6::smallint, $1)
)
INSERT INTO headrace.run (job_id, queue, kind, priority, run_at) VALUES ($1, $3, $2, $4, statement_timestamp())
