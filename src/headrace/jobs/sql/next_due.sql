-- How long until the next waiting job without a key is due in these queues (NULL where none waits for later), which of them have
-- waiting jobs with keys, by priority, and which are limited; paused ones left out.
-- Index: run_claim and run_claim_keyed, one probe a queue and priority; limit_rule_pkey; queue_paused.
WITH range AS MATERIALIZED (
    SELECT served.queue, level.priority FROM unnest($1::text[]) AS served (queue) CROSS JOIN generate_series(0, 3) AS level (priority)
    WHERE served.queue <> ALL (ARRAY(SELECT name FROM headrace.queue WHERE paused_at IS NOT NULL))
)
SELECT (
    SELECT min(later.run_at) - coalesce($2::timestamptz, statement_timestamp())
    FROM range CROSS JOIN LATERAL (
        SELECT run.run_at FROM headrace.run
        WHERE run.state = 'waiting' AND run.limit_key IS NULL AND run.queue = range.queue AND run.priority = range.priority
          AND run.run_at > coalesce($2::timestamptz, statement_timestamp())
        ORDER BY run.run_at, run.job_id LIMIT 1
    ) AS later
) AS rest, (
    SELECT array_agg(range.queue || ' ' || range.priority)
    FROM range CROSS JOIN LATERAL (
        SELECT FROM headrace.run
        WHERE run.state = 'waiting' AND run.limit_key IS NOT NULL
          AND run.queue = range.queue AND run.priority = range.priority
        LIMIT 1
    ) AS found
) AS keyed, (
    SELECT array_agg(substr(limit_rule.name, 2)) FROM headrace.limit_rule
    WHERE limit_rule.name = ANY (ARRAY(SELECT '@' || range.queue FROM range))
) AS limited
