-- Marks the sketch's job as completed.
-- Index: sketch_job_pkey.
UPDATE sketch_job SET status = 'completed', completed_at = clock_timestamp(), result = $2::text::jsonb WHERE id = $1
