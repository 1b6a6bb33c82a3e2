-- Keeps these jobs as they are to the end of the transaction and marks that somebody depends on them; the state of those that have
-- ended comes back, NULL for a living one, no row for one that is not stored.
-- Lock: run_pkey and outcome_pkey, inside hold_jobs, which waits for a row only while it holds none.
SELECT job_id, state FROM headrace.hold_jobs($1)
