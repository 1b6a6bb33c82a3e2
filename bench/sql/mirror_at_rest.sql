-- Whether no job is due or running, and so nothing more comes of what was stored; schedules' next turns do not count.
-- Index: run's own; it is nearly empty then.
SELECT NOT EXISTS (SELECT FROM headrace.run WHERE state = 'processing' OR run_at <= clock_timestamp() + interval '3 seconds')
