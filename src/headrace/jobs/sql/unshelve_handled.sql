-- Puts shelved jobs of these kinds back where claims find them: a worker handles them now.
-- Index: run_shelved; locked in id order without waiting.
WITH chosen AS MATERIALIZED (
    SELECT job_id FROM headrace.run
    WHERE state = 'held' AND shelved_at IS NOT NULL AND kind = ANY ($1::text[])
    ORDER BY job_id LIMIT $2 FOR UPDATE SKIP LOCKED
)
UPDATE headrace.run SET state = 'waiting', shelved_at = NULL
FROM chosen WHERE run.job_id = chosen.job_id
