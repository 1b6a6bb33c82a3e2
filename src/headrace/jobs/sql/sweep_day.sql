-- Deletes a bounded batch of what is kept beside jobs of a range of ids that are no longer stored; how many rows of the fullest table.
-- Index: progress_pkey, step_pkey and dependency_pkey in the range; job_pkey for each.
WITH past_progress AS (
    SELECT progress.job_id FROM headrace.progress
    WHERE progress.job_id >= $1 AND progress.job_id < $2 AND NOT EXISTS (SELECT FROM headrace.job WHERE job.id = progress.job_id)
    ORDER BY progress.job_id LIMIT $3 FOR UPDATE SKIP LOCKED
), past_step AS (
    SELECT step.job_id, step.name FROM headrace.step
    WHERE step.job_id >= $1 AND step.job_id < $2 AND NOT EXISTS (SELECT FROM headrace.job WHERE job.id = step.job_id)
    ORDER BY step.job_id, step.name LIMIT $3 FOR UPDATE SKIP LOCKED
), past_dependency AS (
    SELECT dependency.job_id, dependency.depends_on FROM headrace.dependency
    WHERE dependency.job_id >= $1 AND dependency.job_id < $2
      AND NOT EXISTS (SELECT FROM headrace.job WHERE job.id = dependency.job_id)
    ORDER BY dependency.job_id, dependency.depends_on LIMIT $3 FOR UPDATE SKIP LOCKED
), gone_progress AS (
    DELETE FROM headrace.progress USING past_progress WHERE progress.job_id = past_progress.job_id RETURNING progress.job_id
), gone_step AS (
    DELETE FROM headrace.step USING past_step
    WHERE step.job_id = past_step.job_id AND step.name = past_step.name RETURNING step.job_id
), gone_dependency AS (
    DELETE FROM headrace.dependency USING past_dependency
    WHERE dependency.job_id = past_dependency.job_id AND dependency.depends_on = past_dependency.depends_on
    RETURNING dependency.job_id
)
SELECT greatest((SELECT count(*) FROM gone_progress), (SELECT count(*) FROM gone_step), (SELECT count(*) FROM gone_dependency))
