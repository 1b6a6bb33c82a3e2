-- Ended jobs by state, of so many rows at most; for tables that are small.
-- Index: none, so many rows at most.
SELECT part.state::text AS name, count(*) AS count
FROM (SELECT state FROM headrace.outcome LIMIT $1) AS part GROUP BY 1
