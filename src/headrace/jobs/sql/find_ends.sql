-- How these jobs ended: those that have, those that are not stored (no kind), and living ones that are not marked (no state).
-- Index: run_pkey and outcome_pkey, entered once for each: the laterals cannot be flattened.
SELECT wanted.job_id, coalesce(past.kind, living.kind) AS kind, past.state, past.result, past.error
FROM unnest($1::uuid[]) AS wanted (job_id)
LEFT JOIN LATERAL (
    SELECT run.kind, run.is_awaited FROM headrace.run WHERE run.job_id = wanted.job_id OFFSET 0
) AS living ON true
LEFT JOIN LATERAL (
    SELECT outcome.kind, outcome.state::text AS state, outcome.result::text AS result, outcome.error::text AS error
    FROM headrace.outcome WHERE outcome.job_id = wanted.job_id OFFSET 0
) AS past ON true
WHERE living.is_awaited IS NOT TRUE
