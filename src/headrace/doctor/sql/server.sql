-- The server: its version, the settings that matter, how many sessions there are, and its clock.
-- Lock: none; pg_stat_activity is read once.
SELECT current_setting('server_version_num')::integer AS version, pg_is_in_recovery() AS is_replica,
       current_setting('fsync') = 'on' AS has_fsync, current_setting('synchronous_commit') AS synchronous_commit,
       current_setting('autovacuum') = 'on' AND current_setting('track_counts') = 'on' AS has_autovacuum,
       current_setting('max_connections')::integer AS most_sessions,
       (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS session_count,
       clock_timestamp() AS moment
