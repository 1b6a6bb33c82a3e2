-- Events by type, of so many rows at most; for logs that are small.
-- Index: none, so many rows at most.
SELECT part.type AS name, count(*) AS count FROM (SELECT type FROM headrace.event LIMIT $1) AS part GROUP BY 1
