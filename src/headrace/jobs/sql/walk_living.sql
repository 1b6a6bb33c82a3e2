-- One stretch of the living jobs from an id on, by id, either way: those that fit, and how far and over how many rows it went.
-- Index: run_pkey, so many rows of it; job_pkey and failure_pkey for each that fits by what its run says.
WITH walked AS MATERIALIZED (
    (
        SELECT run.job_id, run.kind, run.queue, run.priority, run.attempt, run.run_at, run.state, run.waits_for, run.claimed_at
        FROM headrace.run WHERE NOT $14::boolean AND run.job_id < coalesce($1::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
        ORDER BY run.job_id DESC LIMIT $2
    )
    UNION ALL
    (
        SELECT run.job_id, run.kind, run.queue, run.priority, run.attempt, run.run_at, run.state, run.waits_for, run.claimed_at
        FROM headrace.run WHERE $14 AND run.job_id > coalesce($1, '00000000-0000-0000-0000-000000000000')
        ORDER BY run.job_id LIMIT $2
    )
), edge AS (
    SELECT count(*) AS walked_count, CASE WHEN $14 THEN max(job_id::text) ELSE min(job_id::text) END::uuid AS walked_to FROM walked
), fitting AS (
    SELECT walked.job_id AS id, walked.kind, walked.queue, walked.priority, state.name AS state, walked.attempt,
           body.parent_id, body.max_attempts, walked.run_at, walked.claimed_at, body.created_at, NULL::timestamptz AS ended_at,
           NULL::interval AS duration, failed.type AS error_type, failed.message AS error_message
    FROM walked
    CROSS JOIN LATERAL (
        SELECT CASE
                   WHEN walked.state = 'processing' THEN 'processing'
                   WHEN walked.run_at > coalesce($15::timestamptz, statement_timestamp()) OR walked.waits_for > 0 THEN 'scheduled'
                   ELSE 'pending'
               END AS name
    ) AS state
    CROSS JOIN LATERAL (
        SELECT job.max_attempts, job.created_at, job.tenant_id, job.correlation_id, job.causation_id,
               job.parent_id, job.args
        FROM headrace.job WHERE job.id = walked.job_id OFFSET 0
    ) AS body
    LEFT JOIN LATERAL (
        SELECT failure.error ->> 'type' AS type, left(failure.error ->> 'message', 300) AS message
        FROM headrace.failure WHERE failure.job_id = walked.job_id ORDER BY failure.lease DESC LIMIT 1
    ) AS failed ON true
    WHERE ($3::text[] IS NULL OR state.name = ANY ($3))
      AND ($4::text[] IS NULL OR walked.queue = ANY ($4))
      AND ($5::text[] IS NULL OR walked.kind = ANY ($5))
      AND ($6::text IS NULL OR body.tenant_id = $6)
      AND ($7::uuid IS NULL OR body.correlation_id = $7)
      AND ($8::uuid IS NULL OR body.parent_id = $8)
      AND ($9::text IS NULL OR failed.type = $9)
      AND ($10::timestamptz IS NULL OR body.created_at >= $10)
      AND ($11::timestamptz IS NULL OR body.created_at < $11)
      AND ($16::uuid IS NULL OR body.causation_id = $16)
      AND ($12::text IS NULL OR position($12 IN left(body.args::text, $13)) > 0)
)
SELECT edge.walked_count, edge.walked_to, fitting.* FROM edge LEFT JOIN fitting ON true
