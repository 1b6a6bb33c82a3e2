-- Nothing more will be listed in a reading.
-- Index: import_pkey; the row is locked to the end.
UPDATE crm.import SET read_at = $2 WHERE job_id = $1 AND read_at IS NULL
