-- Dead jobs by kind and type of error, of the youngest so many of each kind: how many, the first and the last, and the last one's message.
-- Index: outcome_dead, from one kind to the next and so many entries of each.
WITH RECURSIVE kinds AS (
    (SELECT kind FROM headrace.outcome WHERE state = 'dead' ORDER BY kind LIMIT 1)
    UNION ALL
    SELECT (SELECT outcome.kind FROM headrace.outcome
            WHERE outcome.state = 'dead' AND outcome.kind > kinds.kind ORDER BY outcome.kind LIMIT 1)
    FROM kinds WHERE kinds.kind IS NOT NULL
), youngest AS (
    SELECT part.*, count(*) OVER (PARTITION BY part.kind) < $1 AS is_all
    FROM kinds
    CROSS JOIN LATERAL (
        SELECT outcome.kind, outcome.job_id, outcome.ended_at, outcome.error ->> 'type' AS error_type,
               left(outcome.error ->> 'message', 500) AS message
        FROM headrace.outcome WHERE outcome.state = 'dead' AND outcome.kind = kinds.kind
        ORDER BY outcome.ended_at DESC LIMIT $1
    ) AS part
    WHERE kinds.kind IS NOT NULL
)
SELECT kind, error_type, count(*) AS count, min(ended_at) AS first_at, max(ended_at) AS last_at,
       (array_agg(job_id ORDER BY ended_at DESC, job_id DESC))[1] AS sample_id,
       (array_agg(message ORDER BY ended_at DESC, job_id DESC))[1] AS message, bool_and(is_all) AS is_all
FROM youngest GROUP BY kind, error_type
ORDER BY count DESC, kind, error_type LIMIT 200
