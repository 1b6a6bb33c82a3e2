-- A page of the stored jobs that a filter fits, the youngest first, with their state and the type of their last error.
-- Index: run_pkey and outcome_pkey backwards from the last id of the page before; job_pkey and failure_pkey for each. A filter on
-- a rare value walks until the page is full. Of args so many characters are looked at.
WITH living AS (
    SELECT run.job_id AS id, body.kind, run.queue, state.name AS state, failed.type AS error_type
    FROM headrace.run
    CROSS JOIN LATERAL (
        SELECT CASE
                   WHEN run.state = 'processing' THEN 'processing'
                   WHEN run.run_at > coalesce($17::timestamptz, statement_timestamp()) OR run.waits_for > 0 THEN 'scheduled'
                   ELSE 'pending'
               END AS name
    ) AS state
    CROSS JOIN LATERAL (
        SELECT job.kind, job.tenant_id, job.correlation_id, job.created_at, job.args FROM headrace.job
        WHERE job.id = run.job_id OFFSET 0
    ) AS body
    LEFT JOIN LATERAL (
        SELECT failure.error ->> 'type' AS type FROM headrace.failure WHERE failure.job_id = run.job_id
        ORDER BY failure.lease DESC LIMIT 1
    ) AS failed ON true
    WHERE $2::text[] && '{pending,scheduled,processing}' AND state.name = ANY ($2)
      AND ($1::uuid[] IS NULL OR run.job_id = ANY ($1))
      AND ($3::text[] IS NULL OR run.queue = ANY ($3))
      AND ($4::text[] IS NULL OR run.kind = ANY ($4))
      AND ($5::text IS NULL OR body.tenant_id = $5)
      AND ($6::uuid IS NULL OR body.correlation_id = $6)
      AND ($7::uuid IS NULL OR run.parent_id = $7)
      AND ($8::text IS NULL OR failed.type = $8)
      AND ($9::timestamptz IS NULL OR body.created_at >= $9)
      AND ($10::timestamptz IS NULL OR body.created_at < $10)
      AND $11::timestamptz IS NULL AND $12::timestamptz IS NULL
      AND ($13::text IS NULL OR position($13 IN left(body.args::text, $16)) > 0)
      AND ($14::uuid IS NULL OR run.job_id < $14)
    ORDER BY run.job_id DESC LIMIT $15
), past AS (
    SELECT outcome.job_id AS id, outcome.kind, outcome.queue, outcome.state::text AS state, outcome.error ->> 'type' AS error_type
    FROM headrace.outcome
    CROSS JOIN LATERAL (
        SELECT job.tenant_id, job.correlation_id, job.parent_id, job.created_at, job.args FROM headrace.job
        WHERE job.id = outcome.job_id OFFSET 0
    ) AS body
    WHERE $2 && '{completed,failed,cancelled,dead}' AND outcome.state::text = ANY ($2)
      AND ($1 IS NULL OR outcome.job_id = ANY ($1))
      AND ($3 IS NULL OR outcome.queue = ANY ($3))
      AND ($4 IS NULL OR outcome.kind = ANY ($4))
      AND ($5 IS NULL OR body.tenant_id = $5)
      AND ($6 IS NULL OR body.correlation_id = $6)
      AND ($7 IS NULL OR body.parent_id = $7)
      AND ($8 IS NULL OR outcome.error ->> 'type' = $8)
      AND ($9 IS NULL OR body.created_at >= $9)
      AND ($10 IS NULL OR body.created_at < $10)
      AND ($11 IS NULL OR outcome.ended_at >= $11)
      AND ($12 IS NULL OR outcome.ended_at < $12)
      AND ($13 IS NULL OR position($13 IN left(body.args::text, $16)) > 0)
      AND ($14 IS NULL OR outcome.job_id < $14)
    ORDER BY outcome.job_id DESC LIMIT $15
)
SELECT * FROM (SELECT * FROM living UNION ALL SELECT * FROM past) AS found ORDER BY id DESC LIMIT $15
