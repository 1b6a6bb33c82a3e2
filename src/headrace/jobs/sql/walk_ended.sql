-- One stretch of the ended jobs from an id on, by id, either way: those that fit, and how far and over how many rows it went.
-- Index: outcome_pkey, or outcome_exceptional where completed ones are not wanted, so many rows; job_pkey for each that fits so far.
WITH walked AS MATERIALIZED (
    (
        SELECT outcome.* FROM headrace.outcome
        WHERE NOT $14 AND NOT $15 AND outcome.job_id < coalesce($1::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
        ORDER BY outcome.job_id DESC LIMIT $2
    )
    UNION ALL
    (
        SELECT outcome.* FROM headrace.outcome
        WHERE $14::boolean AND NOT $15 AND outcome.job_id > coalesce($1, '00000000-0000-0000-0000-000000000000')
        ORDER BY outcome.job_id LIMIT $2
    )
    UNION ALL
    (
        SELECT outcome.* FROM headrace.outcome
        WHERE NOT $14 AND $15::boolean AND outcome.state <> 'completed' AND outcome.job_id < coalesce($1, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
        ORDER BY outcome.job_id DESC LIMIT $2
    )
    UNION ALL
    (
        SELECT outcome.* FROM headrace.outcome
        WHERE $14 AND $15 AND outcome.state <> 'completed' AND outcome.job_id > coalesce($1, '00000000-0000-0000-0000-000000000000')
        ORDER BY outcome.job_id LIMIT $2
    )
), edge AS (
    SELECT count(*) AS walked_count, CASE WHEN $14 THEN max(job_id::text) ELSE min(job_id::text) END::uuid AS walked_to FROM walked
), fitting AS (
    SELECT walked.job_id AS id, walked.kind, walked.queue, body.priority, walked.state::text AS state, walked.attempt,
           body.parent_id, body.max_attempts, walked.run_at, walked.claimed_at, body.created_at, walked.ended_at, walked.duration,
           walked.error ->> 'type' AS error_type, left(walked.error ->> 'message', 300) AS error_message
    FROM walked
    CROSS JOIN LATERAL (
        SELECT job.priority, job.max_attempts, job.created_at, job.tenant_id, job.correlation_id, job.causation_id,
               job.parent_id, job.args
        FROM headrace.job WHERE job.id = walked.job_id OFFSET 0
    ) AS body
    WHERE ($3::text[] IS NULL OR walked.state::text = ANY ($3))
      AND ($4::text[] IS NULL OR walked.queue = ANY ($4))
      AND ($5::text[] IS NULL OR walked.kind = ANY ($5))
      AND ($6::text IS NULL OR body.tenant_id = $6)
      AND ($7::uuid IS NULL OR body.correlation_id = $7)
      AND ($8::uuid IS NULL OR body.parent_id = $8)
      AND ($9::text IS NULL OR walked.error ->> 'type' = $9)
      AND ($10::timestamptz IS NULL OR body.created_at >= $10)
      AND ($11::timestamptz IS NULL OR body.created_at < $11)
      AND ($12::text IS NULL OR position($12 IN left(body.args::text, $13)) > 0)
      AND ($18::uuid IS NULL OR body.causation_id = $18)
      AND ($16::timestamptz IS NULL OR walked.ended_at >= $16)
      AND ($17::timestamptz IS NULL OR walked.ended_at < $17)
)
SELECT edge.walked_count, edge.walked_to, fitting.* FROM edge LEFT JOIN fitting ON true
