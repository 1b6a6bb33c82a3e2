-- Where an import stands, locked to the end of the transaction.
-- Lock: the import's row, before any of its messages is staged or counted.
SELECT file_number, read_offset, batch_count, started_at, fingerprints, read_at, error
FROM crm.import WHERE job_id = $1 FOR NO KEY UPDATE
