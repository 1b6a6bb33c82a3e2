-- Waits until nobody holds this job's run, by a claim, an ending or a giving back that has not committed.
-- Index: run_pkey; the row is locked to the end of the transaction.
SELECT FROM headrace.run WHERE job_id = $1 FOR UPDATE
