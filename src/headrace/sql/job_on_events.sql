-- A living job that is to handle an event of a range of positions.
-- Index: none for the kind; run is walked, and job_pkey asked for each of the few that have it.
SELECT run.job_id
FROM headrace.run JOIN headrace.job ON job.id = run.job_id
WHERE run.kind = 'process-event' AND (job.args ->> 'position')::bigint BETWEEN $1 AND $2
LIMIT 1
