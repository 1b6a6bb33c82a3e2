-- The running jobs by kind: how many, and how long the oldest has been held.
-- Index: run_held_by.
SELECT kind, count(*) AS count, extract(epoch FROM clock_timestamp() - min(claimed_at))::float AS longest_seconds,
       (array_agg(job_id ORDER BY claimed_at))[1] AS oldest_id
FROM headrace.run WHERE state = 'processing' GROUP BY kind ORDER BY kind
