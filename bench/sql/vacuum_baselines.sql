-- Tells the planner that the baselines' tables are empty, as autovacuum does on a system at rest.
-- Lock: SHARE UPDATE EXCLUSIVE on each.
VACUUM (ANALYZE) plain_job, plain_event, sketch_job
