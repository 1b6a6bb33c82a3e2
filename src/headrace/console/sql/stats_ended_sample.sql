-- Ended jobs by state in a sample of this many percent of the pages, the same ones each time.
-- Index: none; the pages of the sample.
SELECT state::text AS name, count(*) AS count
FROM headrace.outcome TABLESAMPLE SYSTEM ($1) REPEATABLE (1) GROUP BY 1
