-- When each of the sketch's jobs was started, by the clock of its process.
-- Index: sketch_job_pkey.
SELECT id, result::text::bigint AS started FROM sketch_job WHERE id = ANY ($1::uuid[]) AND status = 'completed'
