-- Deletes a bounded batch of the steps and dependencies of jobs older than any that is stored.
-- Index: step_pkey and dependency_pkey from their beginnings; the least id of job_pkey.
WITH oldest AS MATERIALIZED (
    SELECT id FROM headrace.job ORDER BY id LIMIT 1
), past_step AS (
    SELECT step.job_id, step.name FROM headrace.step, oldest
    WHERE step.job_id < oldest.id ORDER BY step.job_id, step.name LIMIT $1 FOR UPDATE OF step SKIP LOCKED
), past_dependency AS (
    SELECT dependency.job_id, dependency.depends_on FROM headrace.dependency, oldest
    WHERE dependency.job_id < oldest.id
    ORDER BY dependency.job_id, dependency.depends_on LIMIT $1 FOR UPDATE OF dependency SKIP LOCKED
), gone_step AS (
    DELETE FROM headrace.step USING past_step
    WHERE step.job_id = past_step.job_id AND step.name = past_step.name RETURNING step.job_id
), gone_dependency AS (
    DELETE FROM headrace.dependency USING past_dependency
    WHERE dependency.job_id = past_dependency.job_id AND dependency.depends_on = past_dependency.depends_on
    RETURNING dependency.job_id
)
SELECT greatest((SELECT count(*) FROM gone_step), (SELECT count(*) FROM gone_dependency)) AS count
