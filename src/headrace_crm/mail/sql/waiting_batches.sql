-- How many batches of an import are staged and not stored.
-- Index: import_pkey.
SELECT batch_count - batches_done FROM crm.import WHERE job_id = $1
