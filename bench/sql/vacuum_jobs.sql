-- Tells the planner that the engine's job tables are empty, as autovacuum does on a system at rest.
-- Lock: SHARE UPDATE EXCLUSIVE on each.
VACUUM (ANALYZE) headrace.job, headrace.run, headrace.outcome, headrace.failure, headrace.progress
