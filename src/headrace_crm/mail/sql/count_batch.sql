-- Counts a stored batch into its import.
-- Index: import_pkey; the row stays locked to the end, so that the last batch to commit sees all others.
UPDATE crm.import
SET new_count = new_count + $2, duplicate_count = duplicate_count + $3, unparsed_count = unparsed_count + $4,
    batches_done = batches_done + 1
WHERE job_id = $1
