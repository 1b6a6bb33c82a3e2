-- Every queue there is a trace of, or the one named: its pause, how many jobs wait (so many counted at most) and run, who serves it.
-- Index: run_claim and run_claim_keyed, from one queue to the next and for so many rows of each priority; run_held_by; the other tables are small.
WITH RECURSIVE waiting AS (
    (SELECT queue FROM headrace.run WHERE state = 'waiting' AND limit_key IS NULL ORDER BY queue LIMIT 1)
    UNION ALL
    SELECT (SELECT run.queue FROM headrace.run
            WHERE run.state = 'waiting' AND run.limit_key IS NULL AND run.queue > waiting.queue
            ORDER BY run.queue LIMIT 1)
    FROM waiting WHERE waiting.queue IS NOT NULL
), waiting_keyed AS (
    (SELECT queue FROM headrace.run WHERE state = 'waiting' AND limit_key IS NOT NULL ORDER BY queue LIMIT 1)
    UNION ALL
    SELECT (SELECT run.queue FROM headrace.run
            WHERE run.state = 'waiting' AND run.limit_key IS NOT NULL AND run.queue > waiting_keyed.queue
            ORDER BY run.queue LIMIT 1)
    FROM waiting_keyed WHERE waiting_keyed.queue IS NOT NULL
), running AS MATERIALIZED (
    SELECT queue, count(*) AS count FROM headrace.run WHERE state = 'processing' GROUP BY queue
), served AS MATERIALIZED (
    SELECT queue, count(*) AS count FROM headrace.worker CROSS JOIN unnest(queues) AS queue
    WHERE stopping_at IS NULL GROUP BY queue
), known AS (
    SELECT name FROM headrace.queue WHERE paused_at IS NOT NULL
    UNION SELECT queue FROM headrace.kind
    UNION SELECT queue FROM served
    UNION SELECT queue FROM running
    UNION SELECT queue FROM waiting WHERE queue IS NOT NULL
    UNION SELECT queue FROM waiting_keyed WHERE queue IS NOT NULL
    UNION SELECT $1::text WHERE $1 IS NOT NULL
)
SELECT known.name, queue.paused_at, queue.paused_by, queue.pause_reason,
       least($2::bigint, counted.due_count) AS due_count, least($2::bigint, counted.later_count) AS later_count,
       coalesce(running.count, 0) AS running_count, coalesce(served.count, 0) AS worker_count
FROM known
LEFT JOIN headrace.queue ON queue.name = known.name
LEFT JOIN running ON running.queue = known.name
LEFT JOIN served ON served.queue = known.name
CROSS JOIN LATERAL (
    SELECT (sum(due.count) + sum(keyed.due_count))::bigint AS due_count,
           (sum(later.count) + sum(keyed.later_count))::bigint AS later_count
    FROM generate_series(0, 3) AS level (priority)
    CROSS JOIN LATERAL (
        SELECT count(*) AS count FROM (
            SELECT FROM headrace.run
            WHERE run.state = 'waiting' AND run.limit_key IS NULL AND run.queue = known.name AND run.priority = level.priority
              AND run.run_at <= coalesce($3::timestamptz, statement_timestamp())
            LIMIT $2
        ) AS part
    ) AS due
    CROSS JOIN LATERAL (
        SELECT count(*) AS count FROM (
            SELECT FROM headrace.run
            WHERE run.state = 'waiting' AND run.limit_key IS NULL AND run.queue = known.name AND run.priority = level.priority
              AND run.run_at > coalesce($3::timestamptz, statement_timestamp())
            LIMIT $2
        ) AS part
    ) AS later
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE part.run_at <= coalesce($3::timestamptz, statement_timestamp())) AS due_count,
               count(*) FILTER (WHERE part.run_at > coalesce($3::timestamptz, statement_timestamp())) AS later_count
        FROM (
            SELECT run.run_at FROM headrace.run
            WHERE run.state = 'waiting' AND run.limit_key IS NOT NULL AND run.queue = known.name
              AND run.priority = level.priority
            LIMIT $2
        ) AS part
    ) AS keyed
) AS counted
WHERE $1 IS NULL OR known.name = $1
ORDER BY known.name
