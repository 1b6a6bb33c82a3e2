-- Notes that a worker takes no more jobs.
-- Index: worker_pkey.
UPDATE headrace.worker SET stopping_at = statement_timestamp() WHERE id = $1
