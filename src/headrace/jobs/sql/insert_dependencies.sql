-- Stores which of these new jobs waits for which, and holds those that wait.
-- Index: dependency_pkey; run_pkey: rows of the caller's own transaction, or held by it.
WITH new AS MATERIALIZED (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) AS new (job_id, depends_on, name, on_failed)
), stored AS (
    INSERT INTO headrace.dependency (job_id, depends_on, name, on_failed)
    SELECT job_id, depends_on, name, on_failed::headrace.failed_dependency FROM new
), role AS (
    SELECT job_id, sum(waits_for)::integer AS waits_for, bool_or(is_followed) AS is_followed
    FROM (
        SELECT job_id, 1 AS waits_for, false AS is_followed FROM new
        UNION ALL
        SELECT depends_on, 0, true FROM new
    ) AS part GROUP BY job_id
)
UPDATE headrace.run
SET waits_for = run.waits_for + role.waits_for, has_dependents = run.has_dependents OR role.is_followed,
    state = CASE WHEN role.waits_for > 0 THEN 'held' ELSE run.state END
FROM role WHERE run.job_id = role.job_id AND (role.waits_for > 0 OR NOT run.has_dependents)
