-- Keeps with the proof that a read model may hold what was erased, and the job that rebuilds it, unless one does already.
-- Lock: its row (erasure_rebuild_pkey).
INSERT INTO headrace.erasure_rebuild AS known (erasure_id, projection, job_id) VALUES ($1, $2, $3)
ON CONFLICT (erasure_id, projection) DO UPDATE SET job_id = excluded.job_id WHERE known.job_id IS NULL
