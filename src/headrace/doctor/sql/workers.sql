-- The registered workers: how old their heartbeats are, and since when they are stopping.
-- Index: worker is small.
SELECT id, app, host, pid, extract(epoch FROM clock_timestamp() - heartbeat_at)::float AS heartbeat_seconds_ago,
       extract(epoch FROM lease_time)::float AS lease_seconds,
       extract(epoch FROM clock_timestamp() - stopping_at)::float AS stopping_seconds
FROM headrace.worker ORDER BY id
