-- Deletes those of these jobs that have ended, with all that is kept of them, and returns them; one that a living job depends on stays.
-- Index: outcome_pkey, locked in id order; dependency_followed; the primary keys of the others, each by the job.
WITH wanted AS MATERIALIZED (
    SELECT job_id FROM headrace.outcome
    WHERE job_id = ANY ($1::uuid[]) AND NOT EXISTS (
        SELECT FROM headrace.dependency JOIN headrace.run ON run.job_id = dependency.job_id
        WHERE dependency.depends_on = outcome.job_id)
    ORDER BY job_id FOR UPDATE
), gone AS (
    DELETE FROM headrace.outcome USING wanted WHERE outcome.job_id = wanted.job_id RETURNING outcome.job_id
), body AS (
    DELETE FROM headrace.job USING gone WHERE job.id = gone.job_id
), failed AS (
    DELETE FROM headrace.failure USING gone WHERE failure.job_id = gone.job_id
), logged AS (
    DELETE FROM headrace.job_log USING gone WHERE job_log.job_id = gone.job_id
), reported AS (
    DELETE FROM headrace.progress USING gone WHERE progress.job_id = gone.job_id
), stepped AS (
    DELETE FROM headrace.step USING gone WHERE step.job_id = gone.job_id
), linked AS (
    DELETE FROM headrace.dependency USING gone WHERE dependency.job_id = gone.job_id
)
SELECT job_id FROM gone
