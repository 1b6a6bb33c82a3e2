-- Counts anew what held jobs wait for: the dependencies named, no others. Frees those that wait for nothing, and returns them.
-- Index: dependency_pkey, run_pkey in id order; the caller holds the dependencies, so that nobody settles them meanwhile.
WITH held AS MATERIALIZED (
    SELECT job_id FROM headrace.run
    WHERE job_id = ANY ($1::uuid[]) AND state = 'held' AND waits_for > 0 ORDER BY job_id FOR UPDATE
), counted AS (
    UPDATE headrace.dependency SET is_open = dependency.depends_on = ANY ($2::uuid[])
    FROM held WHERE dependency.job_id = held.job_id
    RETURNING dependency.job_id, dependency.is_open
), share AS (
    SELECT job_id, count(*) FILTER (WHERE is_open)::integer AS waits_for FROM counted GROUP BY job_id
)
UPDATE headrace.run
SET waits_for = share.waits_for,
    state = CASE WHEN share.waits_for > 0 THEN 'held' ELSE 'waiting' END::headrace.run_state,
    run_at = CASE
        WHEN share.waits_for > 0 THEN run.run_at
        ELSE greatest(run.run_at, coalesce($3::timestamptz, statement_timestamp()))
    END
FROM share WHERE run.job_id = share.job_id
RETURNING run.job_id, run.waits_for > 0 AS is_held
