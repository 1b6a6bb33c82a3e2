-- The living jobs that wait for one of these, which have ended, and that it was not to hold: they came back with it in view.
-- Index: dependency_open.
SELECT DISTINCT job_id FROM headrace.dependency
WHERE depends_on = ANY ($1::uuid[]) AND is_open AND on_failed <> 'hold' ORDER BY job_id
