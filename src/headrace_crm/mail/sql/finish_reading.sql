-- Ends the reading of an import, early where there is an error.
-- Index: import_pkey; the row is locked already.
UPDATE crm.import SET read_at = $2, error = $3 WHERE job_id = $1
RETURNING read_count, batch_count
