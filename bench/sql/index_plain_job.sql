-- The index a worker of the plain table would claim by.
-- Index: the same columns and condition as run_claim.
CREATE INDEX plain_job_claim ON plain_job (queue, priority, run_at, id) WHERE state = 'waiting'
