-- The first due job of these kinds and queues (NULL for all), by priority, due time and id, that limits let through; none that
-- another is about to take, none of a paused queue. Of the jobs of a key only the first may go.
-- Index: none over all queues; for tests, whose tables are small. FOR UPDATE SKIP LOCKED, of the one row.
WITH due AS MATERIALIZED (
    SELECT job_id, queue, priority, run_at, limit_key, weight
    FROM headrace.run
    WHERE state = 'waiting'
      AND run_at <= coalesce($3::timestamptz, statement_timestamp())
      AND kind = ANY ($1::text[])
      AND ($2::text[] IS NULL OR queue = ANY ($2))
      AND queue <> ALL (ARRAY(SELECT name FROM headrace.queue WHERE paused_at IS NOT NULL))
), standing AS MATERIALIZED (
    SELECT * FROM headrace.limit_standing(
        ARRAY(
            SELECT limit_key FROM due WHERE limit_key IS NOT NULL
            UNION
            SELECT name FROM headrace.limit_rule WHERE name LIKE '@%'
        ),
        coalesce($3::timestamptz, statement_timestamp())
    )
), free AS (
    SELECT head.job_id, gate.name IS NOT NULL AS is_limited
    FROM (
        SELECT job_id, queue, limit_key, weight FROM due WHERE limit_key IS NULL
        UNION ALL
        (SELECT DISTINCT ON (limit_key) job_id, queue, limit_key, weight
         FROM due WHERE limit_key IS NOT NULL ORDER BY limit_key, priority, run_at, job_id)
    ) AS head
    LEFT JOIN standing ON standing.key = head.limit_key
    LEFT JOIN standing AS gate ON gate.key = '@' || head.queue
    WHERE coalesce(standing.held < standing.concurrency, true)
      AND coalesce(standing.tokens >= least(head.weight, standing.burst), true)
      AND coalesce(gate.held < gate.concurrency, true) AND coalesce(gate.tokens >= 1, true)
)
SELECT run.job_id, run.queue, run.priority, run.run_at, run.limit_key, free.is_limited
FROM headrace.run JOIN free ON free.job_id = run.job_id
WHERE run.state = 'waiting'
ORDER BY run.priority, run.run_at, run.job_id
LIMIT 1
FOR UPDATE OF run SKIP LOCKED
