-- Who has yet to handle an event of a range of positions: a living job for one of them, or a replay on its way over them.
-- Index: none for the kind; run is walked, and job_pkey asked for each of the few that have it. replay has few rows.
(
    SELECT 'job ' || run.job_id
    FROM headrace.run JOIN headrace.job ON job.id = run.job_id
    WHERE run.kind = 'process-event' AND (job.args ->> 'position')::bigint BETWEEN $1 AND $2
    LIMIT 1
)
UNION ALL
(
    SELECT 'replay ' || replay.id FROM headrace.replay
    WHERE replay.ended_at IS NULL AND replay.position < $2 AND replay.until >= $1
    LIMIT 1
)
LIMIT 1
