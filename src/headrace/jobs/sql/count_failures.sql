-- How many attempts raised or lost their worker, by type of error.
-- Index: none, it counts the kept failures.
SELECT error ->> 'type' AS type, count(*) AS count FROM headrace.failure GROUP BY 1 ORDER BY 1
