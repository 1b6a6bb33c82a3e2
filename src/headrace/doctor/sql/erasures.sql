-- The read models that may still hold what was erased, by how their rebuild stands, with one of those subjects; and whether a worker
-- has a fold of them.
-- Index: the few erasures are looked through; run_pkey, outcome_pkey; worker is small.
SELECT rebuild.projection,
       CASE WHEN rebuild.job_id IS NULL THEN 'unasked'
            WHEN run.job_id IS NOT NULL THEN 'waiting'
            ELSE coalesce(outcome.state::text, 'gone') END AS standing,
       count(*) AS count, min(rebuild.job_id::text)::uuid AS job_id,
       (array_agg(erasure.subject ORDER BY erasure.erased_at))[1] AS subject,
       EXISTS (
           SELECT FROM headrace.worker
           WHERE worker.stopping_at IS NULL AND (worker.projections IS NULL OR EXISTS (
               SELECT FROM unnest(worker.projections) AS fold WHERE starts_with(fold, rebuild.projection || '/')))
       ) AS is_served
FROM headrace.erasure_rebuild AS rebuild
JOIN headrace.erasure ON erasure.id = rebuild.erasure_id
LEFT JOIN headrace.run ON run.job_id = rebuild.job_id
LEFT JOIN headrace.outcome ON outcome.job_id = rebuild.job_id
WHERE rebuild.rebuilt_at IS NULL
GROUP BY 1, 2 ORDER BY 1, 2
