-- How many jobs there are in each state; ended ones only as far as their partitions are kept.
-- Index: none, it counts whole tables; for the end of a demo, not for a screen.
SELECT CASE
           WHEN state = 'processing' THEN 'processing'
           WHEN run_at > statement_timestamp() OR waits_for > 0 THEN 'scheduled'
           ELSE 'pending'
       END AS state, count(*) AS count
FROM headrace.run GROUP BY 1
UNION ALL
SELECT state::text, count(*) FROM headrace.outcome GROUP BY 1
