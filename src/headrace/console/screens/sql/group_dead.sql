-- Dead jobs by kind and type of error, of the youngest of each kind, so many in all: how many, the first and the last, and the last one's
-- message.
-- Index: outcome_dead, from one kind to the next and a share of the entries of each; outcome_pkey for each group's last.
WITH RECURSIVE kinds AS (
    (SELECT kind FROM headrace.outcome WHERE state = 'dead' ORDER BY kind LIMIT 1)
    UNION ALL
    SELECT (SELECT outcome.kind FROM headrace.outcome
            WHERE outcome.state = 'dead' AND outcome.kind > kinds.kind ORDER BY outcome.kind LIMIT 1)
    FROM kinds WHERE kinds.kind IS NOT NULL
), share AS (
    -- Of a few kinds many each; of very many kinds a few each all the same.
    SELECT greatest($1::bigint / greatest(count(kind), 1), 20) AS size FROM kinds
), youngest AS (
    SELECT part.*, count(*) OVER (PARTITION BY part.kind) < share.size AS is_all
    FROM share CROSS JOIN kinds
    CROSS JOIN LATERAL (
        SELECT outcome.kind, outcome.job_id, outcome.ended_at, outcome.error ->> 'type' AS error_type
        FROM headrace.outcome WHERE outcome.state = 'dead' AND outcome.kind = kinds.kind
        ORDER BY outcome.ended_at DESC LIMIT share.size
    ) AS part
    WHERE kinds.kind IS NOT NULL
), grouped AS (
    SELECT kind, error_type, count(*) AS count, min(ended_at) AS first_at, max(ended_at) AS last_at,
           (array_agg(job_id ORDER BY ended_at DESC, job_id DESC))[1] AS sample_id, bool_and(is_all) AS is_all
    FROM youngest GROUP BY kind, error_type
    ORDER BY count DESC, kind, error_type LIMIT 200
)
SELECT grouped.*, left(outcome.error ->> 'message', 500) AS message
FROM grouped LEFT JOIN headrace.outcome ON outcome.job_id = grouped.sample_id
ORDER BY grouped.count DESC, grouped.kind, grouped.error_type
