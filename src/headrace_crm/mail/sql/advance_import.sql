-- Moves an import on over a staged piece; returns how many of its batches are not stored yet.
-- Index: import_pkey; the row is locked already.
UPDATE crm.import
SET file_number = $2, read_offset = $3, bytes_read = $4, read_count = read_count + $5,
    duplicate_count = duplicate_count + $6, unparsed_count = unparsed_count + $7, batch_count = batch_count + $8
WHERE job_id = $1
RETURNING batch_count - batches_done
