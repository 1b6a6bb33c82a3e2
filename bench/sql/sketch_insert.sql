-- Stores one job of the sketch.
-- Index: sketch_job_pkey, sketch_job_pending.
INSERT INTO sketch_job (id, type, data) VALUES ($1, $2, $3::text::jsonb)
