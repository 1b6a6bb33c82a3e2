-- Marks the sketch's job as processing, in the transaction of the poll.
-- Index: sketch_job_pkey.
UPDATE sketch_job SET status = 'processing', started_at = clock_timestamp(), attempts = attempts + 1 WHERE id = $1
