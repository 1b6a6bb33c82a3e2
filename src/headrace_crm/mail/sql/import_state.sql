-- How far an import is.
-- Index: import_pkey.
SELECT owner_id, bytes_total, bytes_read, read_count, new_count, duplicate_count, unparsed_count, batch_count,
       batches_done, error, read_at, stored_at
FROM crm.import WHERE job_id = $1
