-- What limits a waiting job, its key and its queue: how each stands, and when the tokens it lacks are there.
-- Index: run_pkey; limit_rule_pkey, limit_key_pkey and limit_freed_pkey.
SELECT standing.key, standing.concurrency, standing.held, standing.burst, standing.per_second, standing.tokens,
       CASE
           WHEN standing.tokens < least(job.cost, standing.burst)
           THEN statement_timestamp() + (least(job.cost, standing.burst) - standing.tokens) / standing.per_second * interval '1 second'
       END AS tokens_at
FROM (
    SELECT run.limit_key AS key, run.weight AS cost FROM headrace.run
    WHERE run.job_id = $1 AND run.state = 'waiting' AND run.limit_key IS NOT NULL
    UNION ALL
    SELECT rule.name, 1 FROM headrace.run JOIN headrace.limit_rule AS rule ON rule.name = '@' || run.queue
    WHERE run.job_id = $1 AND run.state = 'waiting'
) AS job
CROSS JOIN LATERAL headrace.limit_standing(ARRAY[job.key], statement_timestamp()) AS standing
ORDER BY standing.key
