-- Marks an import stored when all of it is; a row comes back to the one who did.
-- Index: import_pkey; the row is locked by the caller's own update.
UPDATE crm.import SET stored_at = $2
WHERE job_id = $1 AND read_at IS NOT NULL AND stored_at IS NULL AND batches_done = batch_count
RETURNING owner_id, account_id, source, read_count, new_count, duplicate_count, unparsed_count
