-- The kinds of due and of shelved jobs that no worker handles, and how many wait of each, among so many of each.
-- Index: run_claim, run_claim_keyed and run_shelved; worker is small.
SELECT waiting.kind, count(*) AS count FROM (
    (SELECT run.kind FROM headrace.run
     WHERE run.state = 'waiting' AND run.limit_key IS NULL AND run.run_at <= statement_timestamp() LIMIT $1)
    UNION ALL
    (SELECT run.kind FROM headrace.run
     WHERE run.state = 'waiting' AND run.limit_key IS NOT NULL AND run.run_at <= statement_timestamp() LIMIT $1)
    UNION ALL
    (SELECT run.kind FROM headrace.run WHERE run.state = 'held' AND run.shelved_at IS NOT NULL LIMIT $1)
) AS waiting
WHERE NOT EXISTS (SELECT FROM headrace.worker WHERE waiting.kind = ANY (worker.kinds) AND worker.stopping_at IS NULL)
GROUP BY waiting.kind ORDER BY count DESC, waiting.kind LIMIT 20
