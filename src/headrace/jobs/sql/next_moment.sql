-- When the next waiting job of these kinds and queues (NULL for all) is due and has its tokens; NULL where none waits for later.
-- Index: none over all queues; for tests, whose tables are small.
WITH waiting AS MATERIALIZED (
    SELECT queue, priority, run_at, job_id, limit_key, weight
    FROM headrace.run
    WHERE state = 'waiting' AND kind = ANY ($1::text[]) AND ($2::text[] IS NULL OR queue = ANY ($2))
      AND queue <> ALL (ARRAY(SELECT name FROM headrace.queue WHERE paused_at IS NOT NULL))
), standing AS MATERIALIZED (
    SELECT * FROM headrace.limit_standing(
        ARRAY(
            SELECT limit_key FROM waiting WHERE limit_key IS NOT NULL
            UNION
            SELECT name FROM headrace.limit_rule WHERE name LIKE '@%'
        ),
        coalesce($3::timestamptz, statement_timestamp())
    )
), head AS (
    SELECT queue, run_at, limit_key, weight FROM waiting
    WHERE limit_key IS NULL OR run_at > coalesce($3::timestamptz, statement_timestamp())
    UNION ALL
    (SELECT DISTINCT ON (limit_key) queue, run_at, limit_key, weight
     FROM waiting WHERE limit_key IS NOT NULL AND run_at <= coalesce($3::timestamptz, statement_timestamp())
     ORDER BY limit_key, priority, run_at, job_id)
)
SELECT min(moment)
FROM (
    SELECT greatest(
        head.run_at,
        -- A microsecond more, since a moment has no smaller part and must not fall short.
        CASE WHEN standing.tokens < least(head.weight, standing.burst) THEN
            coalesce($3::timestamptz, statement_timestamp()) + interval '1 microsecond'
            + (least(head.weight, standing.burst) - standing.tokens) / standing.per_second * interval '1 second'
        END,
        CASE WHEN gate.tokens < 1 THEN
            coalesce($3::timestamptz, statement_timestamp()) + interval '1 microsecond'
            + (1 - gate.tokens) / gate.per_second * interval '1 second'
        END
    ) AS moment
    FROM head
    LEFT JOIN standing ON standing.key = head.limit_key
    LEFT JOIN standing AS gate ON gate.key = '@' || head.queue
) AS ready
WHERE moment > coalesce($3::timestamptz, statement_timestamp())
