-- Dead jobs by kind and type of error, the largest group first: how many, the first and the last, and the last one's id and message.
-- Index: outcome_dead, in every partition.
SELECT kind, error ->> 'type' AS error_type, count(*) AS count, min(ended_at) AS first_at, max(ended_at) AS last_at,
       (array_agg(job_id ORDER BY ended_at DESC, job_id DESC))[1] AS sample_id,
       (array_agg(left(error ->> 'message', 500) ORDER BY ended_at DESC, job_id DESC))[1] AS message
FROM headrace.outcome
WHERE state = 'dead' AND ($1::text IS NULL OR kind = $1) AND ($2::text IS NULL OR queue = $2)
GROUP BY kind, error ->> 'type'
ORDER BY count DESC, kind, error_type
LIMIT $3
