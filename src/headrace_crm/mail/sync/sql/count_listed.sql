-- Counts listed messages and their batches into their reading; returns how many batches there were before.
-- Index: import_pkey; the row stays locked to the end.
UPDATE crm.import SET read_count = read_count + $2, batch_count = batch_count + $3 WHERE job_id = $1
RETURNING batch_count - $3 AS first_batch, started_at
