-- The index the sketch's poll needs to be quick; without it every poll would sort all pending jobs.
-- Index: in the order of the poll.
CREATE INDEX sketch_job_pending ON sketch_job (priority, created_at) WHERE status = 'pending'
