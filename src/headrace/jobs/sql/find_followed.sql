-- The jobs that these depend on.
-- Index: dependency_pkey.
SELECT DISTINCT depends_on FROM headrace.dependency WHERE job_id = ANY ($1::uuid[]) ORDER BY depends_on
